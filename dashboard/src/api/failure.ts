import type { Verdict } from "./client";

/** What the server says when it refuses: the members every problem has, and those some have. */
export interface Problem {
  title: string;
  detail: string;
  status: number;
  code: string;
  retry_after_s?: number;
  verdict?: Verdict;
}

/** A request that brought no answer to show. */
export class Failure extends Error {
  readonly problem: Problem;
  readonly requestId: string | null;

  constructor(problem: Problem, requestId: string | null) {
    super(problem.detail);
    this.problem = problem;
    this.requestId = requestId;
  }

  static unreachable(): Failure {
    const detail = "Check your connection. Nothing was changed.";
    return new Failure({ title: "We can't reach the server", detail, status: 0, code: "network" }, null);
  }

  static offline(): Failure {
    const detail = "Nothing was sent. Try again when the connection is back.";
    return new Failure({ title: "You're offline", detail, status: 0, code: "offline" }, null);
  }

  get signedOut(): boolean {
    return this.problem.status === 401;
  }
}

/** A call of a model that was not served, or broke off: its code is the gateway's. */
export class CallFailure extends Failure {}

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The answer's data, or its problem as a `Failure`. */
export async function answered<T>(asking: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await asking.catch((error: unknown) => {
    throw error instanceof Failure ? error : Failure.unreachable();
  });
  if (response.ok) return data as T;
  throw new Failure(problemOf(error, response), response.headers.get("x-request-id"));
}

export function problemOf(error: unknown, response: Response): Problem {
  if (isProblem(error)) return error;
  return {
    title: "Something broke on our side",
    detail: `The server answered with status ${response.status}.`,
    status: response.status,
    code: "internal",
  };
}

function isProblem(error: unknown): error is Problem {
  return typeof error === "object" && error !== null && "code" in error && "title" in error;
}
