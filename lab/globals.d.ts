/** Equations as MathML, by rule id. The build sets them. */
declare module 'virtual:equations' {
  export const EQUATIONS: Readonly<Record<string, string>>;
}

/** The version in package.json. The build inserts it. */
declare const __APICAL_VERSION__: string;

declare module '*.css';

interface Window {
  apicalLab: { readonly ask: import('./state/engine.ts').EngineClient['ask'] };
}
