"""Attacks: what a hostile kernel, server, disk, neighbour or caller can do, done for real."""
