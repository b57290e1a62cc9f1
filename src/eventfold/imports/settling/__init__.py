"""Writing what is new, once: known rows, equal rows, refused rows and what they hold back."""
