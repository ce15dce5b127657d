import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serveLab } from '../../src/serving/lab-server.ts';
import type { LabServer } from '../../src/serving/lab-server.ts';

const binary = fileURLToPath(new URL('../../bin/apical.js', import.meta.url));
let root: string;
let server: LabServer;

/** A page of two files, a secret next to it, and a data set elsewhere. */
beforeAll(async () => {
  root = mkdtempSync(path.join(tmpdir(), 'apical-serve-'));
  const page = path.join(root, 'page');
  mkdirSync(path.join(page, 'assets'), { recursive: true });
  mkdirSync(path.join(root, 'fashion'));
  writeFileSync(path.join(root, 'secret.txt'), 'secret');
  writeFileSync(path.join(page, 'index.html'), '<!doctype html><title>page</title>');
  writeFileSync(path.join(page, 'assets/script-abc123.js'), 'export {};');
  for (const name of ['train-images-idx3', 'train-labels-idx1', 't10k-images-idx3', 't10k-labels-idx1']) {
    writeFileSync(path.join(root, 'fashion', `${name}-ubyte.gz`), `bytes of ${name}`);
  }
  server = await serveLab({
    port: 0,
    folder: page,
    dataFolders: (id) => (id === 'fashion-mnist' ? [path.join(root, 'fashion')] : []),
  });
});
afterAll(async () => {
  await server.close();
  rmSync(root, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Requests a path as it is; other clients would normalise it. */
const get = (
  url: string,
  options: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port: server.port, path: url, ...options }, (response) => {
      let text = '';
      response.on('data', (part: Buffer) => (text += part.toString()));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end();
  });

describe('the server of the page', () => {
  test('isolates the page from other origins and blocks loading from elsewhere', async () => {
    const { status, headers } = await get('/');
    expect(status).toBe(200);
    expect(headers['cross-origin-opener-policy']).toBe('same-origin');
    expect(headers['cross-origin-embedder-policy']).toBe('require-corp');
    expect(headers['content-security-policy']).toContain("default-src 'self'");
    expect(headers['content-security-policy']).not.toContain('unsafe-eval;');
    expect(headers['x-content-type-options']).toBe('nosniff');
  });

  test('lets browsers cache files that never change, and revalidate the rest', async () => {
    expect((await get('/assets/script-abc123.js')).headers['cache-control']).toContain('immutable');
    const { headers } = await get('/');
    expect(headers['cache-control']).toBe('no-cache');
    const again = await get('/', { headers: { 'If-None-Match': String(headers['etag']) } });
    expect(again.status).toBe(304);
    expect((await get('/nothing.js')).headers['cache-control']).toBe('no-store');
  });

  test('serves nothing outside its folder', async () => {
    for (const url of [
      '/../secret.txt',
      '/%2e%2e/secret.txt',
      '/..%2fsecret.txt',
      '/assets/../../secret.txt',
      '/data/../secret.txt',
      '/data/fashion-mnist/..%2f..%2fsecret.txt',
      '//etc/passwd',
      '/%00',
      '/%',
    ]) {
      const { status, text } = await get(url);
      expect(status, url).toBeGreaterThanOrEqual(400);
      expect(text).not.toContain('secret');
    }
  });

  test('is read-only, and answers only to this machine’s own name', async () => {
    expect((await get('/', { method: 'POST' })).status).toBe(405);
    expect((await get('/', { headers: { Host: 'elsewhere.example' } })).status).toBe(421);
  });

  test('serves the data sets that are found, unchanged', async () => {
    expect(server.datasets).toEqual(['fashion-mnist']);
    const index = JSON.parse((await get('/data/index.json')).text) as Record<string, Record<string, number>>;
    expect(index).toEqual({
      'fashion-mnist': expect.objectContaining({ 'train-images-idx3-ubyte.gz': 26 }) as unknown,
    });
    const { text, headers } = await get('/data/fashion-mnist/train-images-idx3-ubyte.gz');
    expect(text).toBe('bytes of train-images-idx3');
    expect(headers['content-encoding']).toBeUndefined();
  });

  test('refuses a page that is not built', async () => {
    await expect(serveLab({ port: 0, folder: path.join(root, 'empty') })).rejects.toMatchObject({
      code: 'lab.not-built',
    });
  });
});

describe('apical lab', () => {
  const start = (...words: string[]) => {
    const child = spawn(process.execPath, [binary, 'lab', ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    child.stdout.on('data', (part: Buffer) => (out += part.toString()));
    child.stderr.on('data', (part: Buffer) => (err += part.toString()));
    const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
    return { child, ended, output: () => ({ out, err }) };
  };

  test('uses a free port if the requested one is taken, and stops on Ctrl-C', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    const { child, ended, output } = start('--port', String(port), '--json');
    await expect.poll(() => output().out, { timeout: 20_000 }).toContain('\n');
    const document = JSON.parse(output().out) as { kind: string; url: string; port: number };
    expect(document).toMatchObject({ version: 1, kind: 'lab' });
    expect(document.port).not.toBe(port);
    expect(output().err).toContain(`Port ${port} is taken`);
    expect((await fetch(document.url)).status).toBe(200);
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    other.close();
  });

  test('refuses an invalid port', async () => {
    const { ended, output } = start('--port', 'eighty');
    expect(await ended).toBe(2);
    expect(output().err).toContain('--port takes a whole number from 0 to 65535, but it is "eighty"');
  });
});
