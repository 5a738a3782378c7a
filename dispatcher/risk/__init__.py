"""How bad is it: the one grader, a 5 x 5 matrix whose likelihood and consequence evidence may move."""
