"""The files beside a tokenizer.json: special tokens by role, chat template, BOS and EOS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tokenworks.errors import FormatError
from tokenworks.tokenizer.added_tokens import AddedTokens, check_fields
from tokenworks.tokenizer.definition import Definition, Step
from tokenworks.tokenizer.source import parse_json, read_bytes, shorten

ROLES = (
    "bos_token",
    "eos_token",
    "unk_token",
    "sep_token",
    "pad_token",
    "cls_token",
    "mask_token",
)
_JSON_FILES = (
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "generation_config.json",
    "config.json",
    "chat_template.json",
)


@dataclass(frozen=True)
class Companions:
    """The parsed configuration files of a tokenizer folder; absent ones are empty."""

    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    jinja: str | None = None

    @property
    def config(self) -> Mapping[str, Any]:
        """tokenizer_config.json, with what only special_tokens_map.json says."""
        older = self.files.get("special_tokens_map.json", {})
        return {**older, **self.files.get("tokenizer_config.json", {})}

    def as_dict(self) -> dict[str, Any]:
        """What a writer needs to write the companions again."""
        kept: dict[str, Any] = {
            name: content for name, content in self.files.items() if name != "config.json"
        }
        if self.jinja is not None:
            kept["chat_template.jinja"] = self.jinja
        return kept


def read_companions(folder: Path) -> Companions:
    """Read the configuration files of a folder, those that are there.

    Raises:
        FormatError: one is damaged.
    """
    files = {}
    for name in _JSON_FILES:
        path = folder / name
        if path.is_file():
            content = parse_json(path, read_bytes(path))
            if not isinstance(content, dict):
                raise FormatError(f"{path}: holds {shorten(content)}; expected an object")
            files[name] = content
    jinja = folder / "chat_template.jinja"
    text = None
    if jinja.is_file():
        try:
            text = read_bytes(jinja).decode()
        except UnicodeDecodeError as error:
            raise FormatError(f"{jinja}: byte {error.start:,} is not UTF-8") from None
    return Companions(files, text)


def apply_companions(
    path: Path, definition: Definition, companions: Companions, added: AddedTokens
) -> Definition:
    """Complete a definition by its companions, as `transformers` would.

    Args:
        path: of the tokenizer, named in messages.
        definition: as read from tokenizer.json.
        companions: the files beside it.
        added: its added tokens; tokens that only the companions know are added here.

    Returns:
        The definition with bos, eos, pad, chat template and post-processor in effect.

    Raises:
        FormatError: a companion has a field of the wrong kind.
    """
    config = companions.config
    _add_tokens(path, config, companions.files.get("added_tokens.json", {}), added)
    ids = {token.content: token.id for token in added}
    ids |= _spelled(definition, config)
    generation = companions.files.get("generation_config.json", {})
    roles = {
        role: ids.get(
            _content(path, config, f"{role}_token") or "", _generation_id(generation, role)
        )
        for role in ("bos", "eos", "pad")
    }
    post = definition.postprocessor
    older = path.is_dir()  # without a tokenizer.json, whose post-processor rules where there is one
    if older and ("add_bos_token" in config or "add_eos_token" in config):
        wants_bos = bool(config.get("add_bos_token")) and roles["bos"] is not None
        wants_eos = bool(config.get("add_eos_token")) and roles["eos"] is not None
        post = _template(
            (_content(path, config, "bos_token"), roles["bos"]) if wants_bos else None,
            (_content(path, config, "eos_token"), roles["eos"]) if wants_eos else None,
        )
    before, after = surrounding_ids(post)
    template, named = _chat_template(path, companions)
    if named:
        companions_extra = definition.origin.extra
        assert isinstance(companions_extra, dict)
        companions_extra["chat_templates"] = named
    return replace(
        definition,
        postprocessor=post,
        bos_id=before[0] if roles["bos"] is None and before else roles["bos"],
        eos_id=after[-1] if roles["eos"] is None and after else roles["eos"],
        pad_id=roles["pad"],
        add_bos=bool(before),
        add_eos=bool(after),
        chat_template=template,
    )


def surrounding_ids(steps: tuple[Step, ...]) -> tuple[list[int], list[int]]:
    """The ids that a post-processor puts before and after a single text."""
    before: list[int] = []
    after: list[int] = []
    for step in steps:
        if step["type"] in ("BertProcessing", "RobertaProcessing"):
            before = [step["cls"][1], *before]
            after = [*after, step["sep"][1]]
        elif step["type"] == "TemplateProcessing":
            place = [item for item in step["single"] if "Sequence" in item]
            at = step["single"].index(place[0]) if place else len(step["single"])
            for index, item in enumerate(step["single"]):
                if "SpecialToken" in item:
                    ids = step["special_tokens"][item["SpecialToken"]["id"]]["ids"]
                    if index < at:
                        before = [*before, *ids]
                    else:
                        after = [*after, *ids]
    return before, after


def _template(bos: tuple[str | None, int | None] | None, eos: Any) -> tuple[Step, ...]:
    single: list[dict[str, Any]] = [{"Sequence": {"id": "A", "type_id": 0}}]
    second: list[dict[str, Any]] = [{"Sequence": {"id": "B", "type_id": 1}}]
    special = {}
    for token, front in ((bos, True), (eos, False)):
        if token is None:
            continue
        content, number = token
        for items, kind in ((single, 0), (second, 1)):
            item = {"SpecialToken": {"id": content, "type_id": kind}}
            items.insert(0 if front else len(items), item)
        special[content] = {"id": content, "ids": [number], "tokens": [content]}
    if not special:
        return ()
    return (
        {
            "type": "TemplateProcessing",
            "single": single,
            "pair": [*single, *second],
            "special_tokens": special,
        },
    )


def _add_tokens(
    path: Path, config: Mapping[str, Any], older: Mapping[str, Any], added: AddedTokens
) -> None:
    decoder = config.get("added_tokens_decoder", {})
    if not isinstance(decoder, dict) or not all(key.isdecimal() for key in decoder):
        raise FormatError(
            f"{path}: added_tokens_decoder of tokenizer_config.json is {shorten(decoder)}; "
            f"expected ids with their tokens"
        )
    for number in sorted(decoder, key=int):
        fields = decoder[number]
        place = f"tokenizer_config.json: added_tokens_decoder[{number}]"
        if not isinstance(fields, dict):
            raise FormatError(f"{path}: {place} is {shorten(fields)}; expected an object")
        check_fields(path, place, fields)
        known = added.get(fields["content"])
        if known is None or any(
            getattr(known, flag) != fields[flag]
            for flag in ("single_word", "lstrip", "rstrip", "normalized", "special")
        ):
            added.add(fields, int(number))
    for content, number in sorted(older.items(), key=lambda item: str(item[1])):
        if content not in added and isinstance(number, int):
            added.add({"content": content, "normalized": True}, number)
    names = [_content(path, config, role) for role in ROLES]
    for key in ("additional_special_tokens", "extra_special_tokens"):
        more = config.get(key) or []
        items = more.values() if isinstance(more, dict) else more
        names += [item.get("content") if isinstance(item, dict) else item for item in items]
    for name in names:
        if isinstance(name, str) and name and name not in added:
            added.add({"content": name, "special": True})


def _spelled(definition: Definition, config: Mapping[str, Any]) -> dict[str, int]:
    """Ids of role tokens that stand in the model's vocabulary without being added tokens."""
    wanted = {
        content.encode(): content
        for role in ROLES
        if isinstance(content := _raw_content(config.get(role)), str)
    }
    return {
        wanted[piece]: int(number)
        for piece, number in zip(definition.model.pieces, definition.model.ids, strict=True)
        if piece in wanted
    }


def _raw_content(value: Any) -> Any:
    return value.get("content") if isinstance(value, dict) else value


def _content(path: Path, config: Mapping[str, Any], role: str) -> str | None:
    content = _raw_content(config.get(role))
    if content is not None and not isinstance(content, str):
        raise FormatError(
            f"{path}: {role} of the configuration is {shorten(config[role])}; expected a token"
        )
    return content


def _generation_id(generation: Mapping[str, Any], role: str) -> int | None:
    value = generation.get(f"{role}_token_id")
    if isinstance(value, list) and value:
        value = value[0]
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _chat_template(path: Path, companions: Companions) -> tuple[str | None, dict[str, str]]:
    """The default chat template and, where a file names several, all of them."""
    value: Any = companions.jinja
    if value is None:
        value = companions.files.get("chat_template.json", {}).get("chat_template")
    if value is None:
        value = companions.config.get("chat_template")
    if value is None or isinstance(value, str):
        return value, {}
    named = {}
    for item in value if isinstance(value, list) else ():
        match item:
            case {"name": str(name), "template": str(template)}:
                named[name] = template
    if not named:
        raise FormatError(
            f"{path}: chat_template is {shorten(value)}; expected a text or named texts"
        )
    return named.get("default", next(iter(named.values()))), named
