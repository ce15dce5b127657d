import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { elementTypes } from '../../src/datasets/formats/array.ts';
import type { ElementType, NumericArray, ShapedArray } from '../../src/datasets/formats/array.ts';
import { parseCsv } from '../../src/datasets/formats/csv.ts';
import { parseIdx, serializeIdx } from '../../src/datasets/formats/idx.ts';
import { parseNpy, serializeNpy } from '../../src/datasets/formats/npy.ts';
import { parseNpz, serializeNpz } from '../../src/datasets/formats/npz.ts';
import { parseSafetensors, serializeSafetensors } from '../../src/datasets/formats/safetensors.ts';
import { ApicalError } from '../../src/errors.ts';

/** Arrays of arbitrary bits: floats include NaN, infinities and −0, so arrays are compared by their bytes. */
const arrays = (types: readonly ElementType[]): fc.Arbitrary<ShapedArray> =>
  fc.tuple(fc.constantFrom(...types), fc.array(fc.nat(4), { maxLength: 4 })).chain(([type, shape]) => {
    const length =
      shape.reduce((product, extent) => product * extent, 1) * elementTypes[type].BYTES_PER_ELEMENT;
    return fc
      .uint8Array({ minLength: length, maxLength: length })
      .map((bytes) => ({ shape, data: new elementTypes[type](bytes.slice().buffer) }));
  });

const allTypes = Object.keys(elementTypes) as ElementType[];

const bits = (data: NumericArray): number[] => [
  ...new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
];
const plain = ({ shape, data }: ShapedArray): unknown => [data.constructor.name, [...shape], bits(data)];

/** Returns the same bytes at an odd address. */
const misaligned = (bytes: Uint8Array): Uint8Array => {
  const room = new Uint8Array(bytes.length + 1);
  room.set(bytes, 1);
  return room.subarray(1);
};

const damages = fc.oneof(
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat(1_000_000), byte: fc.constant(0) }),
  fc.record({ kind: fc.constant('change' as const), at: fc.nat(1_000_000), byte: fc.nat(255) }),
  fc.record({ kind: fc.constant('append' as const), at: fc.constant(0), byte: fc.nat(255) }),
);

function damaged(bytes: Uint8Array, list: readonly { kind: string; at: number; byte: number }[]): Uint8Array {
  let result = bytes.slice();
  for (const { kind, at, byte } of list) {
    if (kind === 'cut') result = result.slice(0, at % (result.length + 1));
    else if (kind === 'append') result = Uint8Array.from([...result, byte]);
    else if (result.length > 0) result[at % Math.min(result.length, 128)] = byte;
  }
  return result;
}

/** Damage to values may go unnoticed, but it must never surface as anything other than an ApicalError. */
const failsReadably = (parse: () => unknown): void => {
  try {
    parse();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(ApicalError);
  }
};

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (thrown) {
    return thrown instanceof ApicalError ? thrown.code : `raw ${String(thrown)}`;
  }
  return 'nothing thrown';
};

const fromBase64 = (text: string): Uint8Array =>
  Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('IDX', () => {
  const idxTypes: ElementType[] = ['u1', 'i1', 'i2', 'i4', 'f4', 'f8'];

  test('reads the big-endian layout of the specification', () => {
    const { shape, data } = parseIdx(
      Uint8Array.from([0, 0, 0x0b, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0x01, 0x02, 0xff, 0xfe]),
    );
    expect(shape).toEqual([1, 2]);
    expect(data).toEqual(Int16Array.from([258, -2]));
  });

  test('restores every array to the bit', () => {
    fc.assert(
      fc.property(arrays(idxTypes), (array) => {
        expect(plain(parseIdx(misaligned(serializeIdx(array))))).toEqual(plain(array));
      }),
    );
  });

  test('does not copy image bytes', () => {
    const file = serializeIdx({ shape: [2, 3], data: Uint8Array.from([1, 2, 3, 4, 5, 6]) });
    expect(parseIdx(file).data.buffer).toBe(file.buffer);
  });

  test.each([
    [
      'a gzip file',
      Uint8Array.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]),
      /begins with the bytes 00 00, found 1f 8b 08 00/,
    ],
    ['an unknown type', Uint8Array.from([0, 0, 7, 1, 0, 0, 0, 0]), /type byte .*, found 07/],
    [
      'a truncated header',
      Uint8Array.from([0, 0, 8, 3, 0, 0, 0, 1]),
      /header of 16 bytes for 3 dimensions, found 8 bytes/,
    ],
    [
      'a truncated body',
      Uint8Array.from([0, 0, 8, 1, 0, 0, 0, 9, 1, 2]),
      /17 bytes for the shape 9, found 10: it is truncated/,
    ],
    [
      'trailing bytes',
      Uint8Array.from([0, 0, 8, 1, 0, 0, 0, 1, 1, 2]),
      /9 bytes .*, found 10: it has trailing bytes/,
    ],
  ])('refuses %s and says what is wrong', (_, bytes, message) => {
    expect(() => parseIdx(bytes, 'digits')).toThrow(message);
    expect(codeOf(() => parseIdx(bytes, 'digits'))).toBe('dataset.corrupt');
  });

  test('answers damage with a value or an ApicalError, never a raw error', () => {
    fc.assert(
      fc.property(arrays(idxTypes), fc.array(damages, { minLength: 1, maxLength: 3 }), (array, list) => {
        failsReadably(() => parseIdx(damaged(serializeIdx(array), list)));
      }),
      { numRuns: 300 },
    );
  });

  test('does not write what the format cannot hold', () => {
    expect(codeOf(() => serializeIdx({ shape: [1], data: Uint32Array.of(1) }))).toBe('idx.type');
    expect(codeOf(() => serializeIdx({ shape: [2], data: Uint8Array.of(1) }))).toBe('idx.shape');
  });
});

describe('NPY and NPZ', () => {
  /** Written by numpy.save (NumPy 2.4) from [[1.5, −2.25], [0, 1e300]]. */
  const numpyFile =
    'k05VTVBZAQB2AHsnZGVzY3InOiAnPGY4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDIpLCB9ICAgICAg' +
    'ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAAD4PwAAAAAAAALAAAAAAAAA' +
    'AACcdQCIPOQ3fg==';

  test('reads a file of NumPy and writes the same bytes', () => {
    const array = parseNpy(fromBase64(numpyFile));
    expect(array).toEqual({ shape: [2, 2], data: Float64Array.from([1.5, -2.25, 0, 1e300]) });
    expect(serializeNpy(array)).toEqual(fromBase64(numpyFile));
  });

  test('restores every array to the bit', () => {
    fc.assert(
      fc.property(arrays(allTypes), (array) => {
        expect(plain(parseNpy(misaligned(serializeNpy(array))))).toEqual(plain(array));
      }),
    );
  });

  test('reads all arrays of an NPZ file by name, or only the wanted ones', () => {
    fc.assert(
      fc.property(arrays(allTypes), arrays(allTypes), (weights, bias) => {
        const file = serializeNpz([
          ['weights', weights],
          ['bias', bias],
        ]);
        const all = parseNpz(file);
        expect([...all.keys()].sort()).toEqual(['bias', 'weights']);
        expect(plain(all.get('weights') as ShapedArray)).toEqual(plain(weights));
        expect([...parseNpz(file, 'file', (name) => ['bias', 'other'].includes(name)).keys()]).toEqual([
          'bias',
        ]);
      }),
      { numRuns: 30 },
    );
  });

  const npy = (header: string, body: number): Uint8Array =>
    Uint8Array.from([
      ...fromBase64(numpyFile).subarray(0, 8),
      header.length,
      0,
      ...ascii(header),
      ...new Uint8Array(body),
    ]);

  test.each([
    [
      'big-endian',
      "{'descr': '>f8', 'fortran_order': False, 'shape': (1,), }",
      /little-endian .* found '>f8'/,
    ],
    ['Fortran order', "{'descr': '<f8', 'fortran_order': True, 'shape': (1,), }", /numpy\.ascontiguousarray/],
    ['text', "{'descr': '<U4', 'fortran_order': False, 'shape': (1,), }", /element type such as '<f4'/],
    ['half floats', "{'descr': '<f2', 'fortran_order': False, 'shape': (1,), }", /found '<f2'/],
    [
      'a wrong shape',
      "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }",
      /for the shape \(3\) of f8/,
    ],
    ['no shape', "{'descr': '<f8', 'fortran_order': False, }", /a shape in the NPY header/],
  ])('refuses %s and says what is wrong', (_, header, message) => {
    expect(() => parseNpy(npy(header, 8))).toThrow(message);
    expect(codeOf(() => parseNpy(npy(header, 8)))).toBe('dataset.corrupt');
  });

  test('answers damage with a value or an ApicalError, never a raw error', () => {
    fc.assert(
      fc.property(arrays(allTypes), fc.array(damages, { minLength: 1, maxLength: 3 }), (array, list) => {
        failsReadably(() => parseNpy(damaged(serializeNpy(array), list)));
        failsReadably(() => parseNpz(damaged(serializeNpz([['a', array]]), list)));
      }),
      { numRuns: 300 },
    );
  });
});

describe('safetensors', () => {
  const names = fc.string({ unit: 'binary', maxLength: 12 }).filter((name) => name !== '__metadata__');
  const tensorSets = fc.uniqueArray(fc.tuple(names, arrays(allTypes)), {
    selector: ([name]) => name,
    maxLength: 5,
  });
  const metadata = fc.dictionary(names, fc.string({ unit: 'binary' }), { maxKeys: 4, noNullPrototype: true });

  test('reads the layout of the specification', () => {
    const header = '{"w":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"__metadata__":{"step":"7"}}';
    const length = Uint8Array.from([header.length, 0, 0, 0, 0, 0, 0, 0]);
    const values = new Uint8Array(Float32Array.of(1.5, -3).buffer);
    const { tensors, metadata: texts } = parseSafetensors(
      Uint8Array.from([...length, ...ascii(header), ...values]),
    );
    expect([...tensors]).toEqual([['w', { shape: [2, 1], data: Float32Array.of(1.5, -3) }]]);
    expect(texts).toEqual({ step: '7' });
  });

  test('restores every tensor to the bit, aligned', () => {
    fc.assert(
      fc.property(tensorSets, metadata, (tensors, texts) => {
        const bytes = serializeSafetensors(tensors, texts);
        const read = parseSafetensors(bytes);
        expect(read.metadata).toEqual(texts);
        expect(read.tensors.size).toBe(tensors.length);
        for (const [name, tensor] of tensors) {
          const restored = read.tensors.get(name) as ShapedArray;
          expect(plain(restored)).toEqual(plain(tensor));
          expect(restored.data.buffer).toBe(bytes.buffer); // aligned, so not copied
        }
        expect(plain([...parseSafetensors(misaligned(bytes)).tensors.values()][0] ?? scalar)).toEqual(
          plain([...read.tensors.values()][0] ?? scalar),
        );
      }),
    );
  });

  const scalar: ShapedArray = { shape: [], data: Float32Array.of(1) };

  test('writes the same bytes whatever the order of the tensors', () => {
    fc.assert(
      fc.property(tensorSets, (tensors) => {
        expect(serializeSafetensors(tensors.toReversed())).toEqual(serializeSafetensors(tensors));
      }),
    );
  });

  test('writes tensors from shared memory', () => {
    const shared = new Float32Array(new SharedArrayBuffer(8));
    shared.set([4, 5]);
    const { tensors } = parseSafetensors(serializeSafetensors([['w', { shape: [2], data: shared }]]));
    expect(tensors.get('w')?.data).toEqual(Float32Array.of(4, 5));
  });

  const file = (header: string, values: number): Uint8Array => {
    const bytes = new Uint8Array(8 + header.length + values);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
    bytes.set(ascii(header), 8);
    return bytes;
  };
  const entry = (begin: number, end: number, shape = `[${end - begin}]`, dtype = 'U8'): string =>
    `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${begin},${end}]}`;

  test.each([
    ['an empty file', new Uint8Array(0), /at least 8 bytes, found 0/],
    [
      'a header longer than the file',
      Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255),
      /header should have/,
    ],
    ['invalid JSON', file('{"a"', 0), /not JSON/],
    ['a list', file('[]', 0), /must start with "\{"/],
    [
      'a gap',
      file(`{"a":${entry(0, 2)},"b":${entry(3, 4)}}`, 4),
      /"b" must start at byte 2 .* not at byte 3/,
    ],
    [
      'an overlap',
      file(`{"a":${entry(0, 2)},"b":${entry(1, 4)}}`, 4),
      /"b" must start at byte 2 .* not at byte 1/,
    ],
    ['trailing bytes', file(`{"a":${entry(0, 2)}}`, 3), /expected 2 bytes of values, found 3/],
    ['a truncated body', file(`{"a":${entry(0, 2)}}`, 1), /at least 2 bytes of values, found 1/],
    [
      'an unknown type',
      file(`{"a":${entry(0, 2, '[1]', 'BF16')}}`, 2),
      /"BF16", but it must be one of F64, F32/,
    ],
    [
      'a shape that contradicts the offsets',
      file(`{"a":${entry(0, 2, '[3]')}}`, 2),
      /3 bytes according to its shape, but 2 according to its offsets/,
    ],
    ['a negative length', file(`{"a":${entry(0, 2, '[-2]')}}`, 2), /not a list of non-negative integers/],
    ['metadata that is not text', file('{"__metadata__":{"step":7}}', 0), /must hold strings only/],
    ['a tensor that is null', file('{"a":null}', 0), /"a" has no description/],
  ])('refuses %s and says what is wrong', (_, bytes, message) => {
    expect(() => parseSafetensors(bytes)).toThrow(message);
    expect(codeOf(() => parseSafetensors(bytes))).toBe('safetensors.invalid');
  });

  test('refuses every truncated file and every appended byte', () => {
    fc.assert(
      fc.property(tensorSets, fc.nat(1_000_000), (tensors, at) => {
        const bytes = serializeSafetensors(tensors);
        expect(codeOf(() => parseSafetensors(bytes.slice(0, at % bytes.length)))).toBe('safetensors.invalid');
        expect(codeOf(() => parseSafetensors(Uint8Array.from([...bytes, 0])))).toBe('safetensors.invalid');
      }),
    );
  });

  test('answers damage with a value or an ApicalError, never a raw error', () => {
    fc.assert(
      fc.property(tensorSets, fc.array(damages, { minLength: 1, maxLength: 3 }), (tensors, list) => {
        failsReadably(() => parseSafetensors(damaged(serializeSafetensors(tensors, { a: 'b' }), list)));
      }),
      { numRuns: 300 },
    );
  });

  test('does not write a tensor of wrong shape, a repeated name or the reserved name', () => {
    const tensor: ShapedArray = { shape: [1], data: Float32Array.of(1) };
    expect(() => serializeSafetensors([['w', { ...tensor, shape: [2] }]])).toThrow(
      /shape \[2\] of tensor "w"/,
    );
    expect(() =>
      serializeSafetensors([
        ['w', tensor],
        ['w', tensor],
      ]),
    ).toThrow(/Two tensors are named "w"/);
    expect(() => serializeSafetensors([['__metadata__', tensor]])).toThrow(/the format reserves/);
  });
});

describe('CSV', () => {
  test('restores numbers from their text', () => {
    const number = fc.float({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }).chain((width) =>
          fc.array(fc.array(number, { minLength: width, maxLength: width }), {
            minLength: 1,
            maxLength: 60,
          }),
        ),
        fc.constantFrom('\n', '\r\n'),
        (rows, newline) => {
          const text = rows.map((row) => row.join(',')).join(newline);
          const table = parseCsv(ascii(text), 'numbers', { delimiter: ',' }, () => []);
          expect(table.count).toBe(rows.length);
          expect([...table.values]).toEqual(rows.flat().map((value) => (value === 0 ? 0 : value)));
        },
      ),
    );
  });

  test('answers arbitrary text with a table or an ApicalError', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('1', '.', ',', '"', '\n', ';', 'a', ' ', '\r') }),
        (text) => {
          failsReadably(() => parseCsv(ascii(text), 'text', {}, () => []));
        },
      ),
      { numRuns: 500 },
    );
  });
});
