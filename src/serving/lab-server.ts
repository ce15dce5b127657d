import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import path from 'node:path';
import sirv from 'sirv';
import { ApicalError } from '../errors.ts';
import { idxFileNames } from '../datasets/idx-dataset.ts';
import { datasets } from '../datasets/index.ts';
import { candidateFolders } from '../runs/files/datasets.ts';
import { packageFile } from '../runs/files/package-root.ts';
import { equation } from '../reports/equation.ts';
import { RuleModules } from './rule-modules.ts';

export interface LabServerOptions {
  /** The preferred port; if it is taken, a free port is used. 0: any free port. */
  readonly port: number;
  /** Folder of the built page. Default: the page of this package. */
  readonly folder?: string;
  /** Folders to search for a stored data set. Default: the usual folders of the library. */
  readonly dataFolders?: (id: string) => readonly string[];
  /** Files of the user's own rules, which the page offers beside the built-in rules. */
  readonly rules?: readonly string[];
}

export interface LabServer {
  readonly url: string;
  readonly port: number;
  /** Whether the preferred port was taken. */
  readonly moved: boolean;
  /** Ids of the data sets served. */
  readonly datasets: readonly string[];
  close(): Promise<void>;
}

/** The server listens on the loopback address, so that only this machine can reach it. */
const HOST = '127.0.0.1';

/**
 * Content security policy: the page loads nothing from other origins. `wasm-unsafe-eval` lets it compile kernels, `blob:`
 * lets the threads of kernels start, and inline styles come from the page's own script.
 */
const POLICY = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self' blob:",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Browsers grant shared memory, and so threads, only to pages isolated from other origins. */
const HEADERS = {
  'Content-Security-Policy': POLICY,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
} as const;

/** File names in `assets` contain a hash of the content, so these files never change. All others are revalidated. */
const IMMUTABLE = 'public, max-age=31536000, immutable';
const REVALIDATE = 'no-cache';

/**
 * Serves the built page, the data sets found on this machine and the user's own rules, to this machine only.
 * Throws `lab.not-built`, `lab.port`.
 */
export async function serveLab(options: LabServerOptions): Promise<LabServer> {
  const { port: preferred, folder = packageFile('dist/lab'), dataFolders = candidateFolders } = options;
  if (!existsSync(path.join(folder, 'index.html'))) {
    throw new ApicalError(
      'lab.not-built',
      `The page is not built: ${folder} has no index.html. Run: npm run build`,
      { folder },
    );
  }
  const stored = storedSets(folder, dataFolders);
  const files = new Map<string, string>(
    stored.flatMap((set) =>
      Object.keys(set.files).map((name) => [`/data/${set.id}/${name}`, path.join(set.path, name)] as const),
    ),
  );
  // Files are listed once at the start, so that no path leads out of the folder.
  const page = sirv(folder, {
    etag: true,
    setHeaders: (response, pathname) =>
      response.setHeader('Cache-Control', pathname.startsWith('/assets/') ? IMMUTABLE : REVALIDATE),
  });
  const index = Object.fromEntries(stored.map(({ id, files }) => [id, files]));
  const rules = new RuleModules(options.rules ?? []);

  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    const refused = refusal(request);
    if (refused) {
      answer(response, ...refused);
      return;
    }
    const [address = '/', query] = (request.url ?? '/').split('?');
    const file = files.get(address);
    if (address === '/data/index.json')
      sendText(request, response, 'application/json', JSON.stringify(index));
    else if (address.startsWith('/rules/')) sendRule(request, response, rules, address.slice(7), query);
    else if (file) sendFile(request, response, file);
    else page(request, response, () => answer(response, 404, 'Not found.'));
  });
  const { port, moved } = await listen(server, preferred);
  return {
    url: `http://localhost:${port}/`,
    port,
    moved,
    datasets: stored.map(({ id }) => id),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/**
 * Returns why a request is refused. Other host names are refused, so that no foreign site can read from here through a
 * name of its own that points to this machine.
 */
function refusal({ method = '', headers }: IncomingMessage): [status: number, reason: string] | undefined {
  if (method !== 'GET' && method !== 'HEAD') return [405, 'Only GET and HEAD are allowed.'];
  const host = (headers.host ?? '').replace(/:\d+$/, '');
  if (!['localhost', HOST].includes(host)) return [421, 'This server answers requests to localhost only.'];
  return undefined;
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  response.setHeader('Cache-Control', 'no-store');
  response.end(`${text}\n`);
}

function sendText(
  { method }: IncomingMessage,
  response: ServerResponse,
  type: 'application/json' | 'text/javascript' | 'text/plain',
  text: string,
): void {
  response.setHeader('Content-Type', `${type}; charset=utf-8`);
  response.setHeader('Cache-Control', REVALIDATE);
  response.end(method === 'HEAD' ? undefined : `${text}\n`);
}

/**
 * Sends the index of the user's rules (which reads their files again), one of their modules, or an equation as MathML.
 * Only the start of the server runs a user's file: here it is rewritten as a module and left to the page.
 */
function sendRule(
  request: IncomingMessage,
  response: ServerResponse,
  rules: RuleModules,
  address: string,
  query: string | undefined,
): void {
  const code = rules.module(address);
  if (address === 'index.json') {
    sendText(request, response, 'application/json', JSON.stringify(rules.read()));
  } else if (address === 'equation') {
    const markup = markupOf(new URLSearchParams(query).get('tex') ?? '');
    if (markup === undefined) answer(response, 422, 'This equation cannot be set.');
    else sendText(request, response, 'text/plain', markup);
  } else if (code !== undefined) sendText(request, response, 'text/javascript', code);
  else answer(response, 404, 'Not found.');
}

/** Returns TeX as MathML; undefined if the typesetter fails, since no request may end the server. */
function markupOf(tex: string): string | undefined {
  try {
    return String(equation(tex));
  } catch {
    return undefined;
  }
}

/** Sends a file as it is. No encoding is announced for a compressed file, because the page unpacks it. */
function sendFile({ method, headers }: IncomingMessage, response: ServerResponse, file: string): void {
  const { size, mtimeMs } = statSync(file);
  const tag = `"${size}-${Math.round(mtimeMs)}"`;
  response.setHeader('Cache-Control', REVALIDATE);
  response.setHeader('ETag', tag);
  if (headers['if-none-match'] === tag) {
    response.statusCode = 304;
    response.end();
    return;
  }
  response.setHeader('Content-Type', 'application/octet-stream');
  response.setHeader('Content-Length', size);
  if (method === 'HEAD') response.end();
  else
    createReadStream(file)
      .on('error', () => response.destroy())
      .pipe(response);
}

interface StoredSet {
  readonly id: string;
  readonly path: string;
  readonly files: Readonly<Record<string, number>>;
}

/** Finds the stored data sets beside the page and elsewhere on this machine. */
function storedSets(folder: string, dataFolders: (id: string) => readonly string[]): StoredSet[] {
  return datasets
    .filter(({ generated }) => !generated)
    .flatMap(({ id }) => {
      // Compressed files first: they are quicker to send.
      const found = [path.join(folder, 'data', id), ...dataFolders(id)].flatMap((at): StoredSet[] => {
        const files = idxFilesIn(at);
        return files ? [{ id, path: at, files }] : [];
      });
      return found.slice(0, 1);
    });
}

/** Returns the sizes in bytes of the four IDX files in a folder, by name; undefined if a file is missing. */
function idxFilesIn(folder: string): Record<string, number> | undefined {
  if (!existsSync(folder)) return undefined;
  const names = readdirSync(folder);
  const files: Record<string, number> = {};
  for (const standard of Object.values(idxFileNames)) {
    const name = [`${standard}.gz`, standard].find((candidate) => names.includes(candidate));
    if (name === undefined) return undefined;
    files[name] = statSync(path.join(folder, name)).size;
  }
  return files;
}

/** Listens on the preferred port, or on a free port if that is taken. Throws `lab.port`. */
async function listen(server: Server, preferred: number): Promise<{ port: number; moved: boolean }> {
  const tryPort = (port: number) =>
    new Promise<number>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, host: HOST, exclusive: true }, () => {
        server.off('error', reject);
        const address = server.address();
        resolve(typeof address === 'object' && address ? address.port : port);
      });
    });
  try {
    return { port: await tryPort(preferred), moved: false };
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code;
    if (code === 'EADDRINUSE') return { port: await tryPort(0), moved: true };
    const reason = code === 'EACCES' ? 'this system does not permit it' : String(code);
    throw new ApicalError(
      'lab.port',
      `Port ${preferred} cannot be used: ${reason}. Choose another with --port.`,
      { port: preferred },
      thrown,
    );
  }
}
