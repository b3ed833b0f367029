"""Small words for building a document: elements in the namespace of HL7, templates, codes and typed values."""

from lxml import etree

from smartapp.exports.qrda3.names import SCHEMA_INSTANCE, in_hl7


def add(parent: etree._Element, tag: str, text: str | None = None, **attributes: str) -> etree._Element:
    """Add an element as the last child, and give it."""
    element = etree.SubElement(parent, in_hl7(tag), dict(attributes))
    element.text = text
    return element


def add_template(parent: etree._Element, root: str, extension: str | None = None) -> None:
    """Add a templateId; `extension` None for a template without versions."""
    add(parent, "templateId", root=root, **({"extension": extension} if extension else {}))


def add_code(parent: etree._Element, tag: str, code: str, system: str, display: str) -> None:
    """Add an element with a code, its system and what it means."""
    add(parent, tag, code=code, codeSystem=system, displayName=display)


def add_value(parent: etree._Element, kind: str, **attributes: str) -> None:
    """Add a value of an HL7 data type, such as INT or CD."""
    add(parent, "value", **attributes).set(f"{{{SCHEMA_INSTANCE}}}type", kind)
