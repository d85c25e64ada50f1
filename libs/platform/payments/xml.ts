import { OutsideNonsense } from './outside-error.js';

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** The text directly in it, trimmed. */
  readonly text: string;
}

const MAX_DEPTH = 32;
const MAX_ELEMENTS = 1_000_000;

/** A tag, a comment, a declaration, or the text up to the next of them. Each alternative is linear and starts differently. */
const TOKEN =
  /<!--[^]*?-->|<\?[^>]*\?>|<(\/?)([A-Za-z_][\w.:-]*)((?:\s+[A-Za-z_][\w.:-]*\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|[^<]+/y;
const ATTRIBUTE = /([A-Za-z_][\w.:-]*)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const NAMED: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/**
 * Reads the XML that bank files are made of: elements, attributes and text. A document type, and with it every entity of a file's own making, is
 * refused, so there is nothing to expand and nothing to fetch.
 * @throws OutsideNonsense
 */
export function parseXml(text: string): XmlElement {
  const root: Open = { name: '', attributes: {}, children: [], text: '' };
  const open: Open[] = [root];
  let elements = 0;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const token = TOKEN.exec(text);
    const parent = open.at(-1);
    if (token === null || parent === undefined) throw new OutsideNonsense(`the XML breaks off at ${at}`);
    const [whole, closing, name, attributes = '', empty] = token;
    if (name === undefined) {
      if (!whole.startsWith('<')) parent.text += decode(whole);
      continue;
    }
    if (closing === '/') {
      if (open.length < 2 || parent.name !== name) throw new OutsideNonsense(`</${name}> closes nothing`);
      open.pop();
      continue;
    }
    elements += 1;
    if (open.length > MAX_DEPTH || elements > MAX_ELEMENTS) throw new OutsideNonsense('the XML is too large');
    const element: Open = { name, attributes: readAttributes(attributes), children: [], text: '' };
    parent.children.push(element);
    if (empty !== '/') open.push(element);
  }
  const [document, ...more] = root.children;
  if (open.length !== 1 || document === undefined || more.length > 0) throw new OutsideNonsense('the XML is not whole');
  return finish(document);
}

interface Open {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Open[];
  text: string;
}

const finish = (element: Open): XmlElement => ({
  ...element,
  text: element.text.trim(),
  children: element.children.map(finish),
});

function readAttributes(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(ATTRIBUTE)].map(([, name = '', a, b]) => [name, decode(a ?? b ?? '')]));
}

function decode(text: string): string {
  return text.replace(
    /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]+));|&/gi,
    (whole, decimal?: string, hex?: string, name?: string) => {
      if (name !== undefined && NAMED[name] !== undefined) return NAMED[name];
      const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
      if (!(code > 0 && code <= 0x10ffff)) throw new OutsideNonsense(`the XML has the entity ${whole}`);
      return String.fromCodePoint(code);
    },
  );
}

/** The element at the end of a path of first children. */
export function at(element: XmlElement, ...path: readonly string[]): XmlElement | undefined {
  let here: XmlElement | undefined = element;
  for (const name of path) here = here?.children.find((child) => child.name === name);
  return here;
}

export const all = (element: XmlElement, name: string): readonly XmlElement[] =>
  element.children.filter((child) => child.name === name);

/** @throws OutsideNonsense when there is no such element or it is empty */
export function textAt(element: XmlElement, ...path: readonly string[]): string {
  const text = at(element, ...path)?.text;
  if (text === undefined || text === '') throw new OutsideNonsense(`there is no ${path.join('/')}`);
  return text;
}
