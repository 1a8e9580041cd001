"""Runs scenarios with LangChain."""

from job import work
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_openai import ChatOpenAI, OpenAI, OpenAIEmbeddings


def model(job: dict, scenario: dict, headers: dict):
    told = {
        "model": job["model"],
        "base_url": job["base_url"],
        "api_key": job["key"],
        "max_retries": scenario["retries"],
        "default_headers": headers,
    }
    if job["provider"] == "anthropic":
        return ChatAnthropic(max_tokens=512, **told)
    return ChatOpenAI(use_responses_api=scenario["api"] == "responses", include_response_headers=True, **told)


def see(job: dict, scenario: dict, headers: dict, seen: dict):
    if scenario["api"] in job["other_models"]:
        seen["parsed"].append(other(job, scenario, headers))
        return
    runnable = model(job, scenario, headers)
    if scenario["kind"].startswith("tool"):
        runnable = runnable.bind_tools([job["tool"]])
    messages = [HumanMessage(scenario["prompt"])]
    answer = ask(runnable, scenario, messages, seen)
    if scenario["kind"].startswith("tool"):
        [call] = answer.tool_calls
        messages += [answer, ToolMessage("Sunny", tool_call_id=call["id"])]
        ask(runnable, scenario, messages, seen)


def other(job: dict, scenario: dict, headers: dict):
    told = {
        "model": job["other_models"][scenario["api"]],
        "base_url": job["base_url"],
        "api_key": job["key"],
        "max_retries": scenario["retries"],
        "default_headers": headers,
    }
    if scenario["api"] == "embeddings":
        # Counting tokens here would ask the internet for a vocabulary.
        return OpenAIEmbeddings(check_embedding_ctx_length=False, **told).embed_documents(["a", scenario["prompt"]])
    return OpenAI(**told).invoke(scenario["prompt"])


def ask(runnable, scenario: dict, messages: list, seen: dict):
    if scenario["kind"] in ("plain", "tool"):
        answer = runnable.invoke(messages)
        seen["parsed"].append(dump(answer, seen))
        return answer
    pieces, answer = [], None
    seen["parsed"].append(pieces)
    for piece in runnable.stream(messages):
        answer = piece if answer is None else answer + piece
        pieces.append(dump(piece, seen))
    return answer


def dump(message, seen: dict) -> dict:
    """The message; the headers of its answer are looked at by themselves."""
    seen["headers"] = message.response_metadata.pop("headers", seen["headers"])
    return message.model_dump(mode="json")


work(see)
