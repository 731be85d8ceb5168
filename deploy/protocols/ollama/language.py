"""The engine's template language: its functions, and the values that a template sees."""

from __future__ import annotations

from deploy.words import did_you_mean

Kind = str
"""Type of a value: a name of STRUCTS, `text`, `number`, `truth`, `any`, `[...]` a list or `{...}` a mapping of it."""
STRUCTS: dict[Kind, dict[str, Kind]] = {
    "root": {
        "System": "text",
        "Prompt": "text",
        "Response": "text",
        "Suffix": "text",
        "Messages": "[message]",
        "Tools": "[tool]",
        "Think": "truth",
        "ThinkLevel": "text",
        "IsThinkSet": "truth",
    },
    "message": {
        "Role": "text",
        "Content": "text",
        "Thinking": "text",
        "Images": "[any]",
        "ToolCalls": "[call]",
        "ToolName": "text",
        "ToolCallID": "text",
    },
    "call": {"ID": "text", "Function": "called"},
    "called": {"Index": "number", "Name": "text", "Arguments": "{any}"},
    "tool": {"Type": "text", "Items": "any", "Function": "function", "String": "text"},
    "function": {"Name": "text", "Description": "text", "Parameters": "signature"},
    "signature": {"Type": "text", "Defs": "any", "Items": "any", "Required": "[text]", "Properties": "{property}"},
    "property": {
        "AnyOf": "[property]",
        "Type": "any",
        "Items": "any",
        "Description": "text",
        "Enum": "[any]",
        "Properties": "any",
        "Required": "[text]",
        "ToTypeScriptType": "text",
    },
}
FUNCTIONS: dict[str, tuple[Kind, int, int | None]] = {
    "and": ("any", 1, None),
    "or": ("any", 1, None),
    "not": ("truth", 1, 1),
    "len": ("number", 1, 1),
    "index": ("any", 1, None),
    "slice": ("any", 1, 4),
    "print": ("text", 0, None),
    "printf": ("text", 1, None),
    "println": ("text", 0, None),
    "html": ("text", 1, None),
    "js": ("text", 1, None),
    "urlquery": ("text", 1, None),
    "call": ("any", 1, None),
    "eq": ("truth", 2, None),
    "ne": ("truth", 2, 2),
    "lt": ("truth", 2, 2),
    "le": ("truth", 2, 2),
    "gt": ("truth", 2, 2),
    "ge": ("truth", 2, 2),
    "json": ("text", 1, 1),
    "currentDate": ("text", 0, None),
    "yesterdayDate": ("text", 0, None),
    "toTypeScriptType": ("text", 1, 1),
}
"""Result of each function, with the least and the most values that it takes."""
_FOREIGN = {
    "Prompt": ("input", "question", "query", "user", "usermessage", "userprompt", "userinput", "instruction", "text"),
    "Response": ("output", "answer", "assistant", "completion", "generation", "reply", "result"),
    "Messages": ("history", "chat", "conversation", "message", "chathistory"),
    "System": ("systemprompt", "systemmessage", "instructions", "sys"),
    "Tools": ("functions", "tool"),
    "Content": ("message", "text"),
}
"""Names of a value in other programs."""


def field_of(kind: Kind, name: str) -> Kind | None:
    """Return the kind of a value's field; None if the value has no such field."""
    if kind == "any":
        return "any"
    if kind.startswith("{"):
        return kind[1:-1]
    return STRUCTS.get(kind, {}).get(name)


def element_of(kind: Kind) -> Kind:
    """Return the kind of an entry of a list or mapping."""
    return kind[1:-1] if kind[0] in "[{" else "any"


def hint(name: str, kind: Kind) -> str:
    """Return ` (did you mean ...?)` for a name that is similar to a field of the value, else an empty text."""
    plain = name.lower().replace("_", "")
    fields = STRUCTS.get(kind, {})
    meant = next((known for known, others in _FOREIGN.items() if known in fields and plain in others), None)
    if meant:
        return f" (did you mean .{meant}?)"
    if kind != "root" and name in STRUCTS["root"]:
        return f" (did you mean $.{name}?)"
    if kind == "root" and name in STRUCTS["message"]:
        return "; each message has it, within {{ range .Messages }}"
    return did_you_mean(f".{name}", [f".{known}" for known in fields])
