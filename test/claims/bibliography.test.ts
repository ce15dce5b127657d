import { describe, expect, it } from 'vitest';
import { checkBibliography } from '../../src/claims/index.ts';

const good = {
  title: 'A title',
  authors: ['Ada Author'],
  year: 2020,
  venue: 'Journal 1',
  doi: '10.1234/a.b-c',
};
const cited = [{ from: 'rule "x"', key: 'author2020' }];

describe('the bibliography', () => {
  it('holds every cited source, well formed, and no uncited source', () => {
    expect(checkBibliography()).toEqual([]);
  });

  it('accepts a complete entry', () => {
    expect(checkBibliography({ author2020: good }, cited)).toEqual([]);
  });

  it.each([
    [{ ...good, title: '' }, 'it needs a title'],
    [{ ...good, authors: [] }, 'it needs a list of authors'],
    [{ ...good, year: '2020' }, 'the year "2020"'],
    [{ ...good, venue: undefined }, 'it needs a venue'],
    [{ ...good, doi: undefined }, 'it needs a doi or a url'],
    [{ ...good, doi: 'https://doi.org/10.1234/x' }, 'the doi'],
    [{ ...good, doi: undefined, url: 'javascript:alert(1)' }, 'is not an https address'],
    [{ ...good, pages: '1-2' }, 'no field "pages"'],
  ])('finds the problem of %j', (entry, problem) => {
    expect(checkBibliography({ author2020: entry }, cited).join('\n')).toContain(problem);
  });

  it('finds citations without a source, sources without a citation and keys out of order', () => {
    const problems = checkBibliography({ zoo2020: good, author2020: good }, [
      ...cited,
      { from: 'claim "y"', key: 'nobody1999' },
    ]);
    expect(problems).toEqual([
      '"zoo2020" is out of order: keys are sorted.',
      'The claim "y" cites "nobody1999", which does not exist.',
      'Nothing cites "zoo2020".',
    ]);
  });
});
