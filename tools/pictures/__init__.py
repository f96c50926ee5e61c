"""The pictures of the documents, made again from the code by a command each."""
