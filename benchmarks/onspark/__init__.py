"""The tables on Spark beside the same work written by hand: `./dev bench spark`."""
