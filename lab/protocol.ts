import type { Audit, DataDescription, MetricsRecord } from '../src/entries/browser-internals.ts';

/**
 * The messages between the page and its engine, the worker that holds the library: requests with a reply each, and frames
 * that the engine sends while it learns. Everything here is plain data.
 */

/** A column of the page: a rule with the options that differ from its defaults. */
export interface LanePlan {
  readonly rule: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** Everything that determines the numbers, as a link or a form states it. Nothing in it has been validated. */
export interface Plan {
  /** Id of a preset; "" for the default config. */
  readonly preset: string;
  /** Assignments "path=value", as on the command line. */
  readonly set: readonly string[];
  readonly lanes: readonly LanePlan[];
  /** "0", "0..4" or "0,2,5". */
  readonly seeds: string;
}

/** An error as plain data: the library's message and stable code. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  /** The setting that the problem is about. */
  readonly about?: string;
}

/** A JSON Schema, as far as forms use it. */
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
  /** The name that plans use: the id of a rule of the library, or the path of a user's file. */
  readonly id: string;
  readonly family: string;
  readonly title: string;
  readonly summary: string;
  /** TeX. */
  readonly equation: string;
  readonly cites: readonly string[];
  readonly options: Schema;
  /** Activations that its dynamics support; absent: all. */
  readonly activations?: readonly string[];
  /** Only for a user's rule: its file, and its equation as MathML. */
  readonly file?: string;
  readonly markup?: string | undefined;
}

export interface PresetInfo {
  readonly id: string;
  readonly title: string;
  readonly dataset: string | undefined;
  readonly environment: string | undefined;
}

/** Everything that plans can name. */
export interface Catalogue {
  readonly version: string;
  readonly rules: readonly RuleInfo[];
  /** Reasons why served rule files do not load. */
  readonly ruleProblems: readonly Problem[];
  readonly presets: readonly PresetInfo[];
  readonly config: Schema;
  readonly backend: { readonly threads: number; readonly detail: string };
}

export interface AreaShape {
  readonly id: string;
  readonly units: number;
  /** Rows and columns of the drawing of its units. */
  readonly grid: readonly [rows: number, columns: number];
  readonly role: 'input' | 'hidden' | 'output';
  readonly activation: string;
  /** Whether rates can be negative. */
  readonly isSigned: boolean;
}

export interface ProjectionShape {
  readonly id: string;
  readonly kind: 'forward' | 'feedback' | 'lateral';
  readonly from: string;
  readonly to: string;
  readonly plastic: boolean;
  readonly hasWeights: boolean;
  readonly synapses: number;
  /** Id of the feedback projection of a forward projection. */
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
  /** Rows and columns of an example as a picture; a sequence has a row per step. Undefined for a plain vector. */
  readonly picture: readonly [rows: number, columns: number] | undefined;
  readonly cites: readonly string[];
  /** Training points (x, y, class) of tasks with two inputs. */
  readonly points: Float32Array | undefined;
  readonly testCount: number;
}

/** A session that has begun. */
export interface Session {
  /** The plan without its invalid settings. */
  readonly plan: Plan;
  readonly problems: readonly Problem[];
  readonly task: TaskInfo;
  readonly lanes: readonly {
    readonly rule: string;
    readonly network: NetworkShape;
    /** The complete config of the first seed. */
    readonly config: Readonly<Record<string, unknown>>;
    /** Warnings about the network, such as units without input. */
    readonly warnings: readonly string[];
  }[];
  readonly seeds: readonly number[];
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
  /** The step of the runs: not 0 if they continue from a run folder. */
  readonly step: number;
  readonly backend: { readonly threads: number; readonly detail: string };
  /** The command that repeats the session: one line, or a line per lane. */
  readonly command: string;
}

/** The views that the page shows. The engine computes no others for a frame. */
export interface Watch {
  /** The index of a test example, or the pixels of a drawing. */
  readonly example: number | Uint8Array;
  /** The selected area, and the selected unit in it. */
  readonly area: string | null;
  readonly unit: number | null;
  /** The projection whose weights are compared with its feedback weights. */
  readonly projection: string | null;
  /** Whether to compute the error signals of areas. */
  readonly errors: boolean;
  /** Test examples whose answers are shown. */
  readonly gallery: readonly number[];
  /** Whether to compute the decision regions. */
  readonly surface: boolean;
  /** Whether to send the incoming weights of the unit at earlier steps. */
  readonly history: boolean;
}

/** A picture of signed bytes v, which stand for v · scale / 127. */
export interface Tile {
  readonly values: Int8Array;
  readonly scale: number;
  readonly rows: number;
  readonly columns: number;
}

export interface ErrorSignal {
  /** The error signal of the rule in the units of an area for the example, and the exact error signal. */
  readonly rule: Float32Array;
  readonly exact: Float32Array | undefined;
  /** Degrees between the two. */
  readonly angle: number | null;
}

/** Views of the first seed of a lane. */
export interface LaneView {
  readonly activities: Readonly<Record<string, Float32Array>>;
  readonly errors: Readonly<Record<string, ErrorSignal>>;
  /** Class probabilities (or outputs) for the example. */
  readonly answer: Float32Array;
  /** Class and confidence of each example of the gallery. */
  readonly gallery: { readonly classes: Uint8Array; readonly confidences: Float32Array } | undefined;
  /** Incoming weights of the first units of the selected area. */
  readonly tiles: readonly Tile[];
  /** Incoming weights of the selected unit, now and at earlier steps. */
  readonly unit:
    { readonly tile: Tile; readonly history: readonly (Tile & { readonly step: number })[] } | undefined;
  /** Pairs of a transposed forward weight and the corresponding feedback weight. */
  readonly pairs: { readonly forward: Float32Array; readonly feedback: Float32Array } | undefined;
  /** Class and confidence (bytes) of the points of a square grid, by rows from the top. */
  readonly surface:
    { readonly side: number; readonly classes: Uint8Array; readonly confidences: Uint8Array } | undefined;
}

export interface RunState {
  readonly step: number;
  readonly epoch: number;
  readonly done: boolean;
  readonly failure: Problem | undefined;
  /** New records since the last frame. */
  readonly records: readonly MetricsRecord[];
}

export interface Frame {
  readonly kind: 'frame';
  readonly session: number;
  /** The smallest step of all runs. */
  readonly step: number;
  readonly stepsPerSecond: number;
  readonly playing: boolean;
  /** By lane, by seed. */
  readonly runs: readonly (readonly RunState[])[];
  readonly views: readonly (LaneView | undefined)[];
}

/** The requested speed (null: as fast as possible), and the step at which to stop (null: the end). */
export interface Pace {
  readonly stepsPerSecond: number | null;
  readonly until: number | null;
  /** Whether to learn in the background, without computing views. */
  readonly unseen: boolean;
}

export interface Arrival {
  readonly kind: 'arrival';
  readonly dataset: string;
  readonly received: number;
  readonly total: number;
}

export interface NamedFile {
  /** File name, with its folders if there are any. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The contents of dropped files. */
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
  /** Inputs from 0 to 1, one example after the other. */
  readonly inputs: Float32Array;
}

/** The requests of the page. */
export interface Requests {
  catalogue(): Catalogue;
  /** Returns the problems of a plan without beginning it. */
  check(plan: Plan): readonly Problem[];
  begin(plan: Plan): Session;
  play(pace: Pace): null;
  pause(): null;
  /** Returns the smallest step of all runs. */
  step(): number;
  watch(watch: Watch): null;
  /** Tells the engine that the page has drawn the last frame. */
  drawn(): null;
  examples(indices: readonly number[]): GalleryExamples;
  /** Returns indices of test examples: one of each class in turn, or only mistakes. */
  pick(count: number, from: number, onlyWrong: boolean): readonly number[];
  /** Audits the rule of a lane on its network. */
  audit(lane: number): Audit;
  /** Audits a rule on the standard network; `costRatio` is relative to backpropagation. */
  auditRule(rule: string): Audit & { readonly costRatio: number };
  /** Returns the SHA-256 of all numbers of learning, for the first seed of a lane. */
  fingerprint(lane: number): string;
  /** Returns all records of a run. */
  records(lane: number, seed: number): readonly MetricsRecord[];
  /** Returns a ZIP archive with a run folder for each lane and seed. */
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
