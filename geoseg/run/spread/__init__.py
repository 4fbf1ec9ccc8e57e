"""Looking at tiles and finishing clusters in other processes and on other machines.

Both are pure. The decoder, the commits and the output stay at home, so the answer is the same.
"""
