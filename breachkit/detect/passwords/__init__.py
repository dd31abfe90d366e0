"""Which passwords can be guessed? Names and lists → what people make of them → the accounts whose password it is."""
