"""Reading and writing pictures, and further metrics of them."""
