import ipaddr from "ipaddr.js";

/** The bytes of an address, 4 or 16; `undefined` for any other text. */
export function ipBytes(text: string): readonly number[] | undefined {
  if (/^\d+\.\d+\.\d+\.\d+$/.test(text)) {
    const bytes = text.split(".").map(Number);
    return bytes.every((byte) => byte <= 255) ? bytes : undefined;
  }
  if (!/^[0-9a-fA-F:]*:[0-9a-fA-F:]*$/.test(text) || !ipaddr.IPv6.isValid(text)) return undefined;
  const address = ipaddr.IPv6.parse(text);
  return (address.isIPv4MappedAddress() ? address.toIPv4Address() : address).toByteArray();
}

/** A test whether an address is in a range; `undefined` where the text is no range of more than one address. */
export function cidrRange(text: string): ((bytes: readonly number[]) => boolean) | undefined {
  const [address = "", bits = "", ...more] = text.split("/");
  const range = ipBytes(address);
  const fixedBits = Number(bits);
  if (!range || more.length > 0 || !/^\d+$/.test(bits) || fixedBits >= range.length * 8)
    return undefined;
  return (bytes) => bytes.length === range.length && startsAlike(bytes, range, fixedBits);
}

function startsAlike(a: readonly number[], b: readonly number[], bits: number): boolean {
  return a.every((byte, i) => {
    const fixedBits = Math.min(8, Math.max(0, bits - i * 8));
    return ((byte ^ (b[i] ?? 0)) & (0xff00 >> fixedBits) & 0xff) === 0;
  });
}
