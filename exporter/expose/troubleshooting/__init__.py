"""The platform's troubleshooting page, and how the program does each line of it."""
