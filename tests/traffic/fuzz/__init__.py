"""Files that are damaged, huge or made to do harm: read or refused in words, without a good line lost in silence."""
