"""What whoever runs the site needs: checks, later commands, metrics and explanations."""
