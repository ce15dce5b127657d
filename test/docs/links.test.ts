import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readPages, ROOT } from './markdown.ts';

const PAGES = readPages();

describe.each(PAGES.filter(({ links }) => links.length > 0))('$path', ({ path: page, links }) => {
  const local = links.filter(({ target }) => !/^[a-z][a-z+.-]*:/i.test(target));

  test.each(local)('$at: $target exists', ({ target }) => {
    const [file = '', anchor] = target.split('#');
    const reached = file === '' ? page : path.posix.join(path.posix.dirname(page), decodeURI(file));
    expect(existsSync(path.join(ROOT, reached)), `${reached} exists`).toBe(true);
    if (anchor === undefined || !reached.endsWith('.md')) return;
    const anchors = PAGES.find((other) => other.path === reached)?.anchors;
    expect([...(anchors ?? [])], `headings of ${reached}`).toContain(anchor);
  });
});
