// What the world has besides the web's functions.
declare module "wasi:random/random@0.2.12" {
  const random: { getRandomBytes(length: unknown): Uint8Array };
  export default random;
}
