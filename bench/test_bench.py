"""What the benchmark says of figures, without measuring any."""

import re

import pytest

from bench.cases import CASES
from bench.gateways import ALL
from bench.goals import GOALS
from bench.report.charts import charts
from bench.report.document import MARK, filled
from bench.report.tables import Tables
from bench.__main__ import DOCUMENT
from bench.profile import part_of, stacks
from bench.rounds import Row
from bench.summary import Missing, Summary


def row(case, gateway, number=1, noise=0.0, void=None, **figures):
    return Row(case, gateway, number, figures, noise, {}, void)


def test_a_figure_is_the_median_of_quiet_rounds_that_count():
    rows = [row("chat-64", "nginx", n, rate=rate) for n, rate in enumerate((90.0, 100.0, 120.0))]
    rows += [row("chat-64", "nginx", 4, noise=0.5, rate=1.0), row("chat-64", "nginx", 5, void="a call failed", rate=1e9)]
    figure = Summary(rows).figure("chat-64", "nginx", "rate")
    assert (figure.median, round(figure.spread, 3)) == (100.0, 0.3)


def test_noisy_rounds_count_where_there_is_no_other_and_void_ones_never():
    summary = Summary([row("chat-64", "nginx", noise=0.5, rate=7.0), row("chat-64", "ownkey", void="books differ", rate=9.0)])
    assert summary("chat-64", "nginx", "rate") == 7.0
    with pytest.raises(Missing):
        summary("chat-64", "ownkey", "rate")
    told = Tables(summary, ALL, {}).voids()
    assert "no quiet round" in told and "books differ" in told


def test_goals_are_ratios_of_the_run_and_unmeasured_ones_are_not_reached():
    rows = [row("chat-64", "ownkey", rate=10_000.0, cpu_us=50.0), row("chat-64", "nginx", rate=20_000.0, cpu_us=25.0)]
    reached = {goal.text: goal.reached(Summary(rows)) for goal in GOALS}
    assert reached["CPU a call, beside nginx's"] == (2.0, True)
    assert reached["throughput at 64 connections, beside nginx's"] == (0.5, True)
    assert reached["throughput at 64 connections, beside litellm's"] == (None, None)


def test_what_nothing_was_added_to_is_no_measure_of_what_is_added():
    p99 = {"direct": 0.33, "nginx": 0.23, "ownkey": 0.65}
    rows = [row("chat-500", gateway, total_p99_ms=ms) for gateway, ms in p99.items()]
    goal = next(goal for goal in GOALS if goal.text.startswith("added p99"))
    assert goal.reached(Summary(rows)) == (None, None)


def test_every_mark_of_the_document_has_a_table_and_every_table_its_mark():
    rows = [row("chat-64", kind.name, rate=10.0, cpu_us=3.0, total_p50_ms=1.0, rss_peak_mib=8.0) for kind in ALL]
    summary = Summary(rows)
    figures = {"machine": "a", "charts": "b", **Tables(summary, ALL, {}).all()}
    text = DOCUMENT.read_text()
    assert {name for _, name, _, _ in MARK.findall(text)} == set(figures)
    once = filled(text, figures)
    assert filled(once, figures) == once and "| nginx | 10.0 |" in once
    assert {"throughput", "cpu", "memory"} <= set(charts(summary, ALL))


def test_words_by_hand_stay_as_they_are():
    before = DOCUMENT.read_text()
    figures = dict.fromkeys((name for _, name, _, _ in MARK.findall(before)), "x")
    words = lambda text: re.sub(MARK, "", text)  # noqa: E731
    assert words(filled(before, figures)) == words(before)


def test_names_of_cases_are_different_and_each_is_for_somebody():
    assert len({case.name for case in CASES}) == len(CASES)
    for case in CASES:
        assert any(case.setting in kind.settings for kind in ALL), case.name


def test_stacks_belong_to_who_asked_for_them():
    script = """
\tffffffff82027787 tcp_write_xmit ([kernel.kallsyms])
\tffffffff81e2cd59 sock_write_iter ([kernel.kallsyms])
\t          be71ed hyper::proto::h1::io::Buffered<T,B>::poll_flush (/a place/ownkey)
\tffffffffffffffff [unknown] ([unknown])


\tffffffff816b65bc vfs_write ([kernel.kallsyms])
\t          be71ed ownkey_store::journal::Journal::put (/a place/ownkey)


\t          fde9d _rjem_malloc (/a place/ownkey)
\t          ab890e <ownkey_gateway::edge::Host<A> as hyper::Service>::call (/a place/ownkey)


\t          fde9d __memcpy_avx512 (/lib/libc.so.6)
\t          ab890e <ownkey_gateway::edge::Host<A> as hyper::Service>::call (/a place/ownkey)
"""
    told = stacks(script)
    parts = ["sockets: writes", "the journal's write, in the system", "the allocator", "the gateway's own steps"]
    assert [part_of(list(stack)) for stack in told] == parts
    assert list(told)[3] == ("__memcpy_avx512", "<ownkey_gateway::edge::Host<A> as hyper::Service>::call")
