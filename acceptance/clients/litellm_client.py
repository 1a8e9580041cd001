"""Runs scenarios with LiteLLM, as the library that it also is."""

import litellm
from job import work
from openai import OpenAI

litellm.suppress_debug_info = True


def see(job: dict, scenario: dict, headers: dict, seen: dict):
    request = {
        "model": f"{job['provider']}/{job['model']}",
        "api_base": job["base_url"],
        "api_key": job["key"],
        "num_retries": scenario["retries"],
        "extra_headers": headers,
        "stream": scenario["kind"] in ("stream", "tool_stream"),
    }
    if scenario["api"] in job["other_models"]:
        other(request, job, scenario, seen)
        return
    prompt = [{"role": "user", "content": scenario["prompt"]}]
    if scenario["api"] == "responses":
        with_responses(request | {"input": prompt}, job, scenario, seen)
    else:
        with_chat(request | {"messages": prompt}, job, scenario, seen)


def other(request: dict, job: dict, scenario: dict, seen: dict):
    api, prompt = scenario["api"], scenario["prompt"]
    request |= {"model": f"{job['provider']}/{job['other_models'][api]}"}
    del request["stream"]
    # These take no headers for a call, only a client that has them.
    headers = request.pop("extra_headers")
    with_client = request | {"client": OpenAI(api_key=job["key"], base_url=job["base_url"], default_headers=headers, max_retries=0)}
    request["extra_headers"] = headers
    match api:
        case "embeddings":
            answer = litellm.embedding(input=["a", prompt], **request)
        case "completions":
            answer = litellm.text_completion(prompt=prompt, **request | {"model": f"text-completion-{request['model']}"})
        case "moderations":
            answer = litellm.moderation(input=prompt, **with_client | {"model": job["other_models"][api]})
        case "images":
            answer = litellm.image_generation(prompt=prompt, **with_client)
        case "speech":
            answer = litellm.speech(input=prompt, voice="alloy", **with_client)
        case "transcriptions":
            answer = litellm.transcription(file=("sound.wav", b"x" * 20_000), prompt=prompt, **with_client)
    seen["parsed"].append(answer.content.hex() if api == "speech" else answer.model_dump(mode="json"))


def with_chat(request: dict, job: dict, scenario: dict, seen: dict):
    tools = [job["tool"]] if scenario["kind"].startswith("tool") else None
    message = chat(request | {"tools": tools}, seen).choices[0].message
    if tools:
        [call] = message.tool_calls
        request["messages"] += [message, {"role": "tool", "tool_call_id": call.id, "content": "Sunny"}]
        chat(request | {"tools": tools}, seen)


def chat(request: dict, seen: dict):
    answer = litellm.completion(**request)
    # Those that it does not know itself it gives a name that says whose they are.
    headers = answer._response_headers or {}
    seen["headers"] = {name.removeprefix("llm_provider-"): value for name, value in headers.items()}
    if not request["stream"]:
        seen["parsed"].append(answer.model_dump(mode="json"))
        return answer
    chunks = []
    seen["parsed"].append([])
    for chunk in answer:
        chunks.append(chunk)
        seen["parsed"][-1].append(chunk.model_dump(mode="json"))
    return litellm.stream_chunk_builder(chunks)


def with_responses(request: dict, job: dict, scenario: dict, seen: dict):
    tool = {"type": "function"} | job["tool"]["function"]
    tools = [tool] if scenario["kind"].startswith("tool") else None
    items = respond(request | {"tools": tools}, seen)["output"]
    if tools:
        [call] = [item for item in items if item["type"] == "function_call"]
        call = {name: call[name] for name in ("type", "call_id", "name", "arguments")}
        request["input"] += [call, {"type": "function_call_output", "call_id": call["call_id"], "output": "Sunny"}]
        respond(request | {"tools": tools}, seen)


def respond(request: dict, seen: dict) -> dict:
    answer = litellm.responses(**request)
    if not request["stream"]:
        seen["parsed"].append(answer.model_dump(mode="json"))
        return seen["parsed"][-1]
    events = []
    seen["parsed"].append(events)
    for event in answer:
        events.append(event.model_dump(mode="json"))
    return events[-1]["response"]


work(see)
