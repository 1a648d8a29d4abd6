"""What installs OpenHall and starts it; part of the checkout, not of the package."""
