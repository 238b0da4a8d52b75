"""A photo becomes a webtoon."""
