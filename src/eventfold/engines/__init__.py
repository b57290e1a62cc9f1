"""Folding fast: engines that turn long histories into rows by columns. Each must equal the reference fold."""
