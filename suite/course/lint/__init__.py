"""What a course's examples use that libraries have removed, found without running anything."""
