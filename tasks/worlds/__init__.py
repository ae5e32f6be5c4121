"""The generated worlds: samples whose truth is known exactly."""
