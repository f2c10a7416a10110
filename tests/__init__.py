"""Tests are promises. They mirror the packages; journeys go through HTTP, worker and mail."""
