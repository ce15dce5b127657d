import type { Audit, DataDescription, MetricsRecord } from '../src/entries/browser-internals.ts';

/**
 * What the page and its engine (a worker that holds the library) say to each other: requests that are answered once,
 * and frames that the engine sends of its own accord while it learns. Everything here is plain data.
 */

/** One column of the page: a rule with what differs from its own options. */
export interface LanePlan {
  readonly rule: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** Everything that decides the numbers, as a link or a form says it: nothing of it has been checked. */
export interface Plan {
  /** Id of a preset; empty for the defaults of a config. */
  readonly preset: string;
  /** "path=value" each, as on the command line. */
  readonly set: readonly string[];
  readonly lanes: readonly LanePlan[];
  /** "0", "0..4" or "0,2,5". */
  readonly seeds: string;
}

/** What is wrong, in the library's own words; `code` is stable. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  /** The setting that it is about, where one is. */
  readonly about?: string;
}

/** A JSON Schema, as far as forms read it. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema | readonly Schema[];
  readonly prefixItems?: readonly Schema[];
  readonly additionalProperties?: Schema | boolean;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

export interface RuleInfo {
  readonly id: string;
  readonly family: string;
  readonly title: string;
  readonly summary: string;
  /** TeX. */
  readonly equation: string;
  readonly cites: readonly string[];
  readonly options: Schema;
  /** What hidden areas may compute under it; absent: anything. */
  readonly activations?: readonly string[];
}

export interface PresetInfo {
  readonly id: string;
  readonly title: string;
  readonly dataset: string | undefined;
  readonly environment: string | undefined;
}

/** What there is, whatever is run. */
export interface Catalogue {
  readonly version: string;
  readonly rules: readonly RuleInfo[];
  readonly presets: readonly PresetInfo[];
  readonly config: Schema;
  readonly backend: { readonly threads: number; readonly detail: string };
}

export interface AreaShape {
  readonly id: string;
  readonly units: number;
  /** Rows and columns in which its units are drawn. */
  readonly grid: readonly [rows: number, columns: number];
  readonly role: 'input' | 'hidden' | 'output';
  readonly activation: string;
  readonly hasThresholds: boolean;
}

export interface ProjectionShape {
  readonly id: string;
  readonly kind: 'forward' | 'feedback' | 'lateral';
  readonly from: string;
  readonly to: string;
  readonly plastic: boolean;
  readonly hasWeights: boolean;
  readonly synapses: number;
  /** For a forward projection: the feedback that answers it. */
  readonly feedback: string | undefined;
}

export interface NetworkShape {
  readonly areas: readonly AreaShape[];
  readonly projections: readonly ProjectionShape[];
}

export interface TaskInfo {
  readonly kind: 'examples' | 'actions';
  readonly id: string;
  readonly title: string;
  readonly about: string;
  readonly data: DataDescription | undefined;
  readonly cites: readonly string[];
  /** Training points of the plane, for tasks with two inputs: x, y and class each. */
  readonly points: Float32Array | undefined;
  readonly testCount: number;
}

/** What was begun. */
export interface Session {
  /** The plan without what was wrong with it. */
  readonly plan: Plan;
  readonly problems: readonly Problem[];
  readonly task: TaskInfo;
  readonly lanes: readonly {
    readonly rule: string;
    readonly network: NetworkShape;
    /** The complete config of its first seed. */
    readonly config: Readonly<Record<string, unknown>>;
    /** What the network should be warned of, such as units without input. */
    readonly warnings: readonly string[];
  }[];
  readonly seeds: readonly number[];
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
  /** Where the runs stand: not 0 for those from a run folder. */
  readonly step: number;
  readonly backend: { readonly threads: number; readonly detail: string };
  /** The command line that repeats it: one line, or one a lane. */
  readonly command: string;
}

/** What is to be looked at; the engine computes no more than this for a frame. */
export interface Watch {
  /** A test example by number, or pixels that were drawn. */
  readonly example: number | Uint8Array;
  /** The area whose units are looked at, and one of them. */
  readonly area: string | null;
  readonly unit: number | null;
  /** The projection whose weights are compared with its feedback. */
  readonly projection: string | null;
  /** Whether to compute the error signals that reach areas. */
  readonly errors: boolean;
  /** Test examples that are answered. */
  readonly gallery: readonly number[];
  /** Whether the decision surface is drawn. */
  readonly surface: boolean;
  /** The unit's incoming weights as they were at earlier steps. */
  readonly history: boolean;
}

/** Values as bytes of both signs: v · scale / 127. */
export interface Tile {
  readonly values: Int8Array;
  readonly scale: number;
  readonly rows: number;
  readonly columns: number;
}

export interface ErrorSignal {
  /** What the rule brings to the units of an area for the example, and what the exact gradient would. */
  readonly rule: Float32Array;
  readonly exact: Float32Array | undefined;
  /** Degrees between them. */
  readonly angle: number | null;
}

/** What one lane shows of its first seed. */
export interface LaneView {
  readonly activities: Readonly<Record<string, Float32Array>>;
  readonly errors: Readonly<Record<string, ErrorSignal>>;
  /** Class probabilities (or outputs) for the example. */
  readonly answer: Float32Array;
  /** Class and confidence of each example of the gallery. */
  readonly gallery: { readonly classes: Uint8Array; readonly confidences: Float32Array } | undefined;
  /** Incoming weights of the first units of the area that is looked at. */
  readonly tiles: readonly Tile[];
  /** The incoming weights of the unit that is looked at, now and at earlier steps. */
  readonly unit:
    { readonly tile: Tile; readonly history: readonly (Tile & { readonly step: number })[] } | undefined;
  /** Forward weights, transposed, and the feedback weights that answer them: pairs. */
  readonly pairs: { readonly forward: Float32Array; readonly feedback: Float32Array } | undefined;
  /** Class and confidence (bytes) of each point of a square grid, rows from the top. */
  readonly surface:
    { readonly side: number; readonly classes: Uint8Array; readonly confidences: Uint8Array } | undefined;
}

export interface RunState {
  readonly step: number;
  readonly epoch: number;
  readonly done: boolean;
  readonly failure: Problem | undefined;
  /** Records since the last frame. */
  readonly records: readonly MetricsRecord[];
}

export interface Frame {
  readonly kind: 'frame';
  readonly session: number;
  /** The least step of all runs. */
  readonly step: number;
  readonly stepsPerSecond: number;
  readonly playing: boolean;
  /** By lane, by seed. */
  readonly runs: readonly (readonly RunState[])[];
  readonly views: readonly (LaneView | undefined)[];
}

/** How fast to go: so many steps a second, or as fast as it goes, until a step. */
export interface Pace {
  readonly stepsPerSecond: number | null;
  readonly until: number | null;
  /** Without looking: no views are computed on the way. */
  readonly unseen: boolean;
}

export interface Arrival {
  readonly kind: 'arrival';
  readonly dataset: string;
  readonly received: number;
  readonly total: number;
}

export interface NamedFile {
  /** With folders before it where there are any. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What was dropped on the page turned out to be. */
export type Opened =
  | {
      readonly kind: 'runs';
      readonly plan: Plan;
      readonly count: number;
      readonly warnings: readonly string[];
    }
  | { readonly kind: 'dataset'; readonly name: string; readonly title: string };

export interface GalleryExamples {
  readonly indices: readonly number[];
  readonly labels: readonly number[];
  /** Inputs as 0 … 1, one after the other. */
  readonly inputs: Float32Array;
}

/** What the page may ask. */
export interface Requests {
  catalogue(): Catalogue;
  /** What would be wrong with a plan, without beginning it. */
  check(plan: Plan): readonly Problem[];
  begin(plan: Plan): Session;
  play(pace: Pace): null;
  pause(): null;
  /** The least step of all runs. */
  step(): number;
  watch(watch: Watch): null;
  /** The page has drawn the last frame: another may come. */
  drawn(): null;
  examples(indices: readonly number[]): GalleryExamples;
  /** Numbers of test examples: one of each class in turn, from a number on. */
  pick(count: number, from: number, onlyWrong: boolean): readonly number[];
  audit(lane: number): Audit;
  /** A rule on its own, where it is not among the lanes. */
  auditRule(rule: string): Audit & { readonly costRatio: number };
  /** SHA-256 of all numbers that learning has made, of the first seed of a lane. */
  fingerprint(lane: number): string;
  /** Everything that a run has recorded. */
  records(lane: number, seed: number): readonly MetricsRecord[];
  /** A ZIP archive with a run folder for each lane and seed. */
  folder(): { readonly name: string; readonly bytes: Uint8Array };
  open(files: readonly NamedFile[]): Opened;
}

export type RequestName = keyof Requests;

export interface RequestMessage {
  readonly id: number;
  readonly name: RequestName;
  readonly args: readonly unknown[];
}

export interface ReplyMessage {
  readonly kind: 'reply';
  readonly id: number;
  readonly value?: unknown;
  readonly problem?: Problem;
}

export type EngineMessage = ReplyMessage | Frame | Arrival;
