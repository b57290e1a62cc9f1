"""The words of each SQL that a view is printed in; read them side by side."""
