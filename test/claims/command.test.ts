import { describe, expect, it } from 'vitest';
import { apical } from '../cli/fixture.ts';

describe('apical claims check', () => {
  it('refuses a claim that does not train, and says how to run it', async () => {
    const { code, stderr } = await apical('claims', 'check', 'lillicrap2016-aligns');
    expect(code).toBe(2);
    expect(stderr).toContain('apical claims run lillicrap2016-aligns');
  });

  it('has help that begins with examples and explains the exit code', async () => {
    const { code, stdout } = await apical('claims', 'check', '--help');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Examples:\n {2}apical claims check\n/);
    expect(stdout).toContain('Exit code 3');
    expect((await apical('claims', '--help')).stdout).toContain('docs/systems.md');
  });
});
