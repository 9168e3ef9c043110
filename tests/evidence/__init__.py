"""Evidence from others: numbers that papers, model cards and tools printed, reproduced."""
