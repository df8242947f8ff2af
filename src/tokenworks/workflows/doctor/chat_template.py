"""The chat template: does it parse, what does it render, and is BOS put in twice."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from tokenworks.workflows.doctor.document import Document
from tokenworks.workflows.doctor.envelope import decode_text, open_envelope
from tokenworks.workflows.doctor.folder import Folder, special
from tokenworks.workflows.doctor.positions import Step
from tokenworks.workflows.doctor.registry import check
from tokenworks.workflows.doctor.report import Finding, Findings, Severity
from tokenworks.workflows.doctor.templates import surrounding_tokens
from tokenworks.workflows.doctor.value_kinds import describe

SECONDS = 10
USER, REPLY = "How are you today?", "I am well, thank you."
_SPECIAL = re.compile(r"<\|[^|<>\s]{1,60}\|>|<(?:start|end)_of_\w{1,30}>|</?s>|<(?:bos|eos)>")


@dataclass(frozen=True, slots=True)
class Template:
    """A chat template and where it stands."""

    source: str
    name: str
    file: str
    document: Document | None
    path: tuple[Step, ...]

    def finding(self, severity: Severity, code: str, what: str, right: str, **more: Any) -> Finding:
        """A finding about this template."""
        label = f" {self.name!r}" if self.name else ""
        what = f"the chat template{label} {what}"
        if self.document is not None:
            return self.document.finding(severity, code, self.path, what, right, **more)
        return Finding(severity, code, self.file, what, right, **more)


def templates(folder: Folder, findings: Findings) -> list[Template]:
    """All chat templates of a folder: in the config, as a .jinja file, or in chat_template.json."""
    out: list[Template] = []
    path = folder.path / "chat_template.jinja"
    if path.exists():
        envelope = open_envelope(path, findings)
        text = decode_text(str(path), envelope.data, findings) if envelope.readable else None
        if text is not None:
            out.append(Template(text, "", str(path), None, ()))
    for file in ("tokenizer_config.json", "chat_template.json"):
        value = folder.value(file).get("chat_template")
        document = folder.documents.get(file)
        if value is None or document is None:
            continue
        if isinstance(value, str):
            out.append(Template(value, "", document.file, document, ("chat_template",)))
        elif isinstance(value, list) and all(
            isinstance(v, dict) and isinstance(v.get("template"), str) for v in value
        ):
            out += [
                Template(
                    v["template"],
                    str(v.get("name")),
                    document.file,
                    document,
                    ("chat_template", i, "template"),
                )
                for i, v in enumerate(value)
            ]
        else:
            findings.add(
                document.finding(
                    "error",
                    "template-shape",
                    ("chat_template",),
                    f"chat_template is {describe(value)}",
                    'a string, or a list of {"name": ..., "template": ...}',
                )
            )
    return out


def run_template(
    source: str, variables: dict[str, Any], conversations: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Render in a separate process; a template that does not end gives one `{"error", "timeout"}`."""
    job = json.dumps({"template": source, "variables": variables, "conversations": conversations})
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tokenworks.workflows.doctor.render"],
            input=job,
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
        out = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return [{"error": f"it does not end within {SECONDS} seconds", "timeout": True}]
    except (json.JSONDecodeError, OSError):
        return [{"error": "rendering it ends the process (memory)", "timeout": True}]
    return out if isinstance(out, list) else []


def _conversations() -> list[dict[str, Any]]:
    user, reply = {"role": "user", "content": USER}, {"role": "assistant", "content": REPLY}
    return [
        {"messages": [user], "add_generation_prompt": True},
        {"messages": [user], "add_generation_prompt": False},
        {"messages": [user, reply], "add_generation_prompt": False},
        {
            "messages": [{"role": "system", "content": "Be brief."}, user],
            "add_generation_prompt": True,
        },
    ]


@check("folder", "chat template")
def check_templates(folder: Folder, findings: Findings) -> None:
    """Syntax, exceptions, lost content, unknown specials, the generation prompt and a doubled BOS."""
    found = templates(folder, findings)
    if len({t.source for t in found if not t.name}) > 1:
        first, second = (t for t in found if not t.name)
        findings.add(
            second.finding(
                "warning",
                "templates-differ",
                f"differs from the one in {first.file}, which wins",
                "one template, or the same in both",
            )
        )
    variables = {
        f"{n}_token": special(folder, f"{n}_token") or "" for n in ("bos", "eos", "pad", "unk")
    }
    for template in found:
        if template.name and template.name not in ("default", ""):
            results = run_template(template.source, variables, [])
        else:
            results = run_template(
                template.source, {**variables, "tools": None, "documents": None}, _conversations()
            )
        _judge(folder, template, results, variables, findings)


def _judge(
    folder: Folder,
    template: Template,
    results: list[dict[str, Any]],
    variables: dict[str, str],
    findings: Findings,
) -> None:
    if results and results[0].get("syntax"):
        findings.add(
            template.finding(
                "error",
                "chat-template-syntax",
                f"does not parse: {results[0]['error'][:160]} (line {results[0]['line']} of the template)",
                "valid Jinja",
                symptom="jinja2.exceptions.TemplateSyntaxError",
            )
        )
        return
    if results and results[0].get("timeout"):
        findings.add(
            template.finding(
                "error",
                "chat-template-endless",
                f"cannot be rendered: {results[0]['error']}",
                "a template that ends",
            )
        )
        return
    if len(results) < 4:
        return
    prompt, bare, dialogue, system = results
    if "error" in prompt:
        findings.add(
            template.finding(
                "error",
                "chat-template-raises",
                f"raises for one user message: {prompt['error'][:160]}",
                "a template that renders [user]",
                symptom=f"jinja2.exceptions.{prompt['raised']}",
            )
        )
        return
    if "error" in system:
        findings.add(
            template.finding(
                "note",
                "chat-template-no-system",
                f"refuses a system message: {system['error'][:100]}",
                "put the system text into the first user message",
            )
        )
    text: str = prompt["text"]
    if USER not in text:
        findings.add(
            template.finding(
                "error",
                "chat-template-loses",
                f"loses the user's text; it renders {text[:80]!r}",
                "the content of every message in the text",
            )
        )
        return
    if "text" in dialogue and REPLY in dialogue["text"] and "text" in bare:
        _generation_prompt(template, text, dialogue["text"], findings)
    _specials(folder, template, [r["text"] for r in results if "text" in r], findings)
    _doubled_bos(folder, template, text, variables, findings)


def _generation_prompt(template: Template, prompt: str, dialogue: str, findings: Findings) -> None:
    after_user = prompt[prompt.rindex(USER) + len(USER) :].strip()
    expected = dialogue[dialogue.rindex(USER) + len(USER) : dialogue.rindex(REPLY)].strip()
    if after_user.startswith(expected) or (
        after_user
        and expected.startswith(after_user)
        and len(after_user) >= len(expected) // 2
        and not _SPECIAL.search(expected[len(after_user) :])
    ):
        return
    findings.add(
        template.finding(
            "warning",
            "generation-prompt-missing",
            "has no generation prompt: with add_generation_prompt the text ends "
            f"{after_user[-60:]!r}, but replies follow {expected[-60:]!r}",
            "{% if add_generation_prompt %} and the opening of a reply {% endif %}",
        )
    )


def _specials(folder: Folder, template: Template, texts: list[str], findings: Findings) -> None:
    if not folder.tokens:
        return
    named = {m for text in [*texts, template.source] for m in _SPECIAL.findall(text)}
    rendered = {m for text in texts for m in _SPECIAL.findall(text)}
    absent = sorted(m for m in named if m not in folder.tokens)
    for token in absent[:5]:
        findings.add(
            template.finding(
                "warning" if token in rendered else "note",
                "chat-template-special-absent",
                f"writes {token!r}, which is not one token of the vocabulary: the model sees it "
                "as ordinary text",
                "add the token, or use one of the vocabulary",
            )
        )


def _doubled_bos(
    folder: Folder, template: Template, text: str, variables: dict[str, str], findings: Findings
) -> None:
    bos = variables["bos_token"]
    tokenizer = folder.documents.get("tokenizer.json")
    before = surrounding_tokens(tokenizer)[0] if tokenizer is not None else []
    flag = folder.value("tokenizer_config.json").get("add_bos_token")
    adds = bool(bos) and (bos in before or flag is True)
    if bos and adds and text.lstrip().startswith(bos):
        source = "the post-processor" if bos in before else "add_bos_token"
        findings.add(
            template.finding(
                "warning",
                "bos-doubled",
                f"writes {bos!r} and {source} adds it again: encoding the rendered text with "
                "special tokens gives BOS twice",
                "encode rendered chats with add_special_tokens=False, or take the token out of "
                "one of the two",
            )
        )
    if text.count(bos) > 1 and bos and text.lstrip().startswith(bos + bos):
        findings.add(
            template.finding("error", "bos-doubled", f"itself writes {bos!r} twice", "once")
        )


@check("folder", "flags for BOS and EOS")
def check_flags(folder: Folder, findings: Findings) -> None:
    """add_bos_token and add_eos_token against what the post-processor does."""
    tokenizer = folder.documents.get("tokenizer.json")
    if (
        tokenizer is None
        or not folder.has("tokenizer_config.json")
        or not isinstance(tokenizer.value, dict)
    ):
        return
    document = folder.documents["tokenizer_config.json"]
    before, behind = surrounding_tokens(tokenizer)
    for name, side in (("bos", before), ("eos", behind)):
        flag, token = document.value.get(f"add_{name}_token"), special(folder, f"{name}_token")
        if not isinstance(flag, bool) or not token:
            continue
        if flag != (token in side):
            findings.add(
                document.finding(
                    "warning",
                    f"add-{name}-disagrees",
                    (f"add_{name}_token",),
                    f"add_{name}_token is {str(flag).lower()}, but the post-processor of tokenizer.json "
                    + (f"adds {token!r}" if token in side else f"does not add {token!r}"),
                    "the same in both: which one wins depends on the tokenizer class and the "
                    "version of transformers",
                )
            )
