"""The small part of Azure Cosmos DB's query language that the stand-in understands.

Text becomes a tree, a tree is evaluated over documents; nothing else is run. What is not understood is refused with
a sentence, so that no query gets a wrong result. Nothing here knows of HTTP, containers or partitions.
"""
