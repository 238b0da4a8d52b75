"""What a person drags. Nothing here knows a network: widgets write plain expressions, `studio` draws them."""
