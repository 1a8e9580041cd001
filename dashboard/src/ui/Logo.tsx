/** Two halves of a ring and a key through the gap: one call, one of two accounts. */
export function Logo({ size = 24 }: { size?: number }) {
  return (
    <svg viewBox="0 0 32 32" width={size} height={size} fill="none" aria-hidden="true">
      <path d="M3.35 13.5A9 9 0 0 1 20.65 13.5" stroke="var(--ok-own-fill)" strokeWidth={4} />
      <path d="M3.35 18.5A9 9 0 0 0 20.65 18.5" stroke="var(--ok-managed-fill)" strokeWidth={4} />
      <path d="M12 16H30M24.5 16v5M28.75 16v4" stroke="currentColor" strokeWidth={2.5} />
      <circle cx={12} cy={16} r={2.5} fill="currentColor" />
    </svg>
  );
}
