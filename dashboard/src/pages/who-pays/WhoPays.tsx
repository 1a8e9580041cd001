export function WhoPays() { return null; }
