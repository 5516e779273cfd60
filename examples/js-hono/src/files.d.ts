// Texts that can be imported.
declare module "*.css" {
  const text: string;
  export default text;
}
