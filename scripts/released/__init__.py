"""The study's released files: what names mean, what files hold, and the cells and tables made of them."""
