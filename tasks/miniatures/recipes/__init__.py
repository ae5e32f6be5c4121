"""One recipe per miniature."""
