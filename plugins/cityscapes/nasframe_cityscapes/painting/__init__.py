"""Painting street scenes: a camera, a canvas, the things in a street, the light."""
