"""The page that `tokenworks studio` serves: it shows what the workflows find. No logic stands here."""
