"""How quick the page is: its answers by the number of contract lines, its start, its end."""
