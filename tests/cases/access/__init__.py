"""Tests of access and activity logs."""
