"""Tests of app/components/."""
