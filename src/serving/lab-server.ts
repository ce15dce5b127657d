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

export interface LabServerOptions {
  /** The port that is wanted; where it is taken, a free one is found. 0: any free one. */
  readonly port: number;
  /** The built page. Default: that of this package. */
  readonly folder?: string;
  /** Where a stored data set is looked for, by id. Default: as everywhere. */
  readonly dataFolders?: (id: string) => readonly string[];
}

export interface LabServer {
  readonly url: string;
  readonly port: number;
  /** Whether another port than the one that was wanted had to be taken. */
  readonly moved: boolean;
  /** Data sets that it serves. */
  readonly datasets: readonly string[];
  close(): Promise<void>;
}

/** Only this machine can reach it. */
const HOST = '127.0.0.1';

/**
 * What the page may do: nothing from elsewhere. `wasm-unsafe-eval` lets it compile kernels, `blob:` lets kernels' threads
 * start; styles in elements come from the page's own script.
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

/** Isolation from other origins is what shared memory, and so threads, ask for. */
const HEADERS = {
  'Content-Security-Policy': POLICY,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
} as const;

/** Names of files in `assets` carry a hash of their content, so they never change; everything else is asked for anew. */
const FOREVER = 'public, max-age=31536000, immutable';
const ANEW = 'no-cache';

/** Serves the built page and the data sets that are here, to this machine alone. Throws `lab.not-built`, `lab.port`. */
export async function serveLab(options: LabServerOptions): Promise<LabServer> {
  const { port: wanted, folder = packageFile('dist/lab'), dataFolders = candidateFolders } = options;
  if (!existsSync(path.join(folder, 'index.html'))) {
    throw new ApicalError(
      'lab.not-built',
      `The page is not built: there is no ${folder}. Run: npm run build`,
      { folder },
    );
  }
  const stored = storedSets(folder, dataFolders);
  const files = new Map<string, string>(
    stored.flatMap((set) =>
      Object.keys(set.files).map((name) => [`/data/${set.id}/${name}`, path.join(set.path, name)] as const),
    ),
  );
  // Files are listed once, so that no path leads out of the folder.
  const page = sirv(folder, {
    etag: true,
    setHeaders: (response, pathname) =>
      response.setHeader('Cache-Control', pathname.startsWith('/assets/') ? FOREVER : ANEW),
  });
  const index = `${JSON.stringify(Object.fromEntries(stored.map(({ id, files }) => [id, files])))}\n`;

  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    const refused = refusal(request);
    if (refused) {
      answer(response, ...refused);
      return;
    }
    const [address = '/'] = (request.url ?? '/').split('?');
    if (address === '/data/index.json') {
      response.setHeader('Content-Type', 'application/json');
      response.setHeader('Cache-Control', ANEW);
      response.end(request.method === 'HEAD' ? undefined : index);
      return;
    }
    const file = files.get(address);
    if (file) sendFile(request, response, file);
    else page(request, response, () => answer(response, 404, 'There is nothing here.'));
  });
  const { port, moved } = await listen(server, wanted);
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

/** A page of elsewhere must not read from here by a name of its own for this machine, nor may anything be written. */
function refusal({ method = '', headers }: IncomingMessage): [status: number, reason: string] | undefined {
  if (method !== 'GET' && method !== 'HEAD') return [405, 'Only GET and HEAD are answered.'];
  const host = (headers.host ?? '').replace(/:\d+$/, '');
  if (!['localhost', HOST].includes(host)) return [421, 'This server answers to localhost only.'];
  return undefined;
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  response.setHeader('Cache-Control', 'no-store');
  response.end(`${text}\n`);
}

/** A packed file as it is: what unpacks it is the page, so it is not announced as an encoding. */
function sendFile({ method, headers }: IncomingMessage, response: ServerResponse, file: string): void {
  const { size, mtimeMs } = statSync(file);
  const tag = `"${size}-${Math.round(mtimeMs)}"`;
  response.setHeader('Cache-Control', ANEW);
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

/** Stored data sets: those beside the page, and those found on this machine. */
function storedSets(folder: string, dataFolders: (id: string) => readonly string[]): StoredSet[] {
  return datasets
    .filter(({ generated }) => !generated)
    .flatMap(({ id }) => {
      // Packed files first: they are quicker to send.
      const found = [path.join(folder, 'data', id), ...dataFolders(id)].flatMap((at): StoredSet[] => {
        const files = idxFilesIn(at);
        return files ? [{ id, path: at, files }] : [];
      });
      return found.slice(0, 1);
    });
}

/** Bytes of the four IDX files in a folder, by name; undefined where one is missing. */
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

/** Throws `lab.port`. */
async function listen(server: Server, wanted: number): Promise<{ port: number; moved: boolean }> {
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
    return { port: await tryPort(wanted), moved: false };
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code;
    if (code === 'EADDRINUSE') return { port: await tryPort(0), moved: true };
    const reason = code === 'EACCES' ? 'this system does not let you use it' : String(code);
    throw new ApicalError(
      'lab.port',
      `Port ${wanted} cannot be used: ${reason}. Choose another by --port.`,
      { wanted },
      thrown,
    );
  }
}
