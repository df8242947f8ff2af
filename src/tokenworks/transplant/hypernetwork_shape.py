"""The sizes of a hypernetwork, read from and written to the config.json of the published ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tokenworks.errors import FormatError, OptionError, UnsupportedError

PIECES = 7
KIND = "zett_hypernetwork"
_POSITIONS = 514  # of roberta-base, whose shape the published ones have
_LARGEST = 1 << 24
_MOST_LAYERS = 1000


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes.

    width: of the model's rows. rows: of its vocabulary; higher piece ids are fallback bytes. tied: one
    matrix for input and output. hidden, inner, layers, heads, positions: of the transformer. pieces: old
    tokens of a token that are read, the first ones. extra: bytes that the old vocabulary lacks.
    single_head: one head makes both rows. bias: whether it makes a bias. languages: for which it was
    trained; 0 where it is not told the language. residual: the network's result is added to a weighted sum
    of the pieces' rows, which the published ones do not have.
    """

    width: int
    rows: int
    tied: bool
    hidden: int
    inner: int
    layers: int
    heads: int
    pieces: int = PIECES
    positions: int = PIECES + 1
    extra: int = 0
    single_head: bool = False
    bias: bool = False
    languages: int = 0
    residual: bool = False

    def __post_init__(self) -> None:
        for name in ("width", "rows", "hidden", "inner", "layers", "heads", "pieces", "positions"):
            value = getattr(self, name)
            if not 1 <= value <= _LARGEST:
                raise OptionError(f"{name} is {value}; it must be between 1 and {_LARGEST:,}")
        if self.layers > _MOST_LAYERS:
            raise OptionError(f"layers is {self.layers}; it must be at most {_MOST_LAYERS:,}")
        if self.hidden % self.heads:
            raise OptionError(
                f"hidden is {self.hidden}; it must be a multiple of the {self.heads} heads"
            )

    def config(self) -> dict[str, Any]:
        """The fields of config.json."""
        return {
            "model_type": KIND,
            "hn_model_type": "roberta",
            "hn_model_name_or_path": "roberta-base",
            "n_embd": self.width,
            "original_vocab_size": self.rows,
            "separate_out_embeddings": not self.tied,
            "hn_hidden_size": self.hidden,
            "hn_intermediate_size": self.inner,
            "hn_n_layers": self.layers,
            "hn_num_attention_heads": self.heads,
            "hn_surface_maxlen": self.pieces,
            "hn_n_extra_tokens": self.extra,
            "hn_single_head": self.single_head,
            "hn_predict_bias": self.bias,
            "hn_embed_lang_id": self.languages > 0,
            "n_langs": self.languages or None,
            "hn_rescale_embeddings": True,
            "hn_embed_using_source_embeddings": True,
            "hn_add_inter_token_attention": False,
            "hn_embed_target_priors": False,
            "hn_concat_last_hidden_state": False,
            "hn_positions": self.positions,
            "residual": self.residual,
        }


def shape_of(config: Mapping[str, Any], where: str) -> Shape:
    """The sizes that a config.json states.

    Raises:
        FormatError: a field is missing or no number.
        UnsupportedError: a variant that is not built here.
    """
    # Published ones do not always say what kind they are; what equals the default is left out.
    if "hn_hidden_size" not in config:
        raise FormatError(f"{where}: no hn_hidden_size; expected the config.json of a hypernetwork")
    for name, only in (
        ("hn_model_type", "roberta"),
        ("hn_embed_using_source_embeddings", True),
        ("hn_rescale_embeddings", True),
        ("hn_add_inter_token_attention", False),
        ("hn_embed_target_priors", False),
        ("hn_concat_last_hidden_state", False),
    ):
        if config.get(name, only) != only:
            raise UnsupportedError(f"{where}: {name} is {config[name]!r}; only {only!r} is read")

    def number(name: str, default: int | None = None) -> int:
        value = config.get(name)
        value = default if value is None else value
        if not isinstance(value, int) or isinstance(value, bool):
            raise FormatError(f"{where}: {name} is {str(value)[:40]!r}; expected a whole number")
        return value

    hidden = number("hn_hidden_size")
    try:
        return Shape(
            width=number("n_embd", 768),
            rows=number("original_vocab_size"),
            tied=not config.get("separate_out_embeddings", False),
            hidden=hidden,
            inner=number("hn_intermediate_size"),
            layers=number("hn_n_layers", 3),
            heads=number("hn_num_attention_heads", max(1, hidden // 64)),
            pieces=number("hn_surface_maxlen", 16),
            positions=number("hn_positions", _POSITIONS),
            extra=number("hn_n_extra_tokens", 0),
            single_head=bool(config.get("hn_single_head", False)),
            bias=bool(config.get("hn_predict_bias", True)),
            languages=number("n_langs", 0) if config.get("hn_embed_lang_id") else 0,
            residual=bool(config.get("residual", False)),
        )
    except OptionError as error:
        raise FormatError(f"{where}: {error}") from None
