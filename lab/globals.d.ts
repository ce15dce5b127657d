/** Set as MathML when the page is built, by rule id. */
declare module 'virtual:equations' {
  export const EQUATIONS: Readonly<Record<string, string>>;
}

/** The version in package.json, put in by the build. */
declare const __APICAL_VERSION__: string;

declare module '*.css';

interface Window {
  apicalLab: { readonly ask: import('./state/engine.ts').EngineClient['ask'] };
}
