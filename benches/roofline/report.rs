//! What is printed.

use std::io::Write;

use embag::Context;
use serde::Serialize;

use crate::Result;
use crate::lines::{Bound, Line};
use crate::rates::Rates;
use crate::tables::Access;

#[derive(Serialize)]
struct Header<'a> {
    device: &'a str,
    driver: &'a str,
    #[serde(flatten)]
    rates: &'a Rates,
}

pub(crate) fn rates(out: &mut impl Write, json: bool, ctx: &Context, rates: &Rates) -> Result<()> {
    if json {
        let header = Header { device: &ctx.device_name(), driver: &ctx.driver(), rates };
        return Ok(writeln!(out, "{}", serde_json::to_string(&header)?)?);
    }
    let mib = rates.copied >> 20;
    writeln!(out, "memory, read and written, of {mib} MiB")?;
    if let Some(transfer) = rates.transfer_gb_per_s {
        writeln!(out, "  copy command  {transfer:>10.1} GB/s")?;
    }
    writeln!(out, "  copy kernel   {:>10.1} GB/s", rates.copy_gb_per_s)?;
    writeln!(out, "  read only     {:>10.1} GB/s", rates.read_gb_per_s)?;
    writeln!(out, "products and sums of f32")?;
    writeln!(out, "  arithmetic    {:>10.1} GFLOP/s", rates.f32_gflop_per_s)?;
    writeln!(out, "a dispatch that does nothing")?;
    Ok(writeln!(out, "  floor         {:>10.1} us\n", rates.dispatch_us)?)
}

pub(crate) fn lines(out: &mut impl Write, json: bool, lines: &[Line]) -> Result<()> {
    if json {
        for line in lines {
            writeln!(out, "{}", serde_json::to_string(line)?)?;
        }
        return Ok(());
    }
    let title = ["kernel", "variant", "us", "lost us", "", "share", "case"].map(str::to_owned);
    writeln!(out, "{}", aligned(&title))?;
    for line in lines {
        writeln!(out, "{}", aligned(&columns(line)))?;
    }
    if lines.iter().any(Line::is_impossible) {
        writeln!(
            out,
            "! more than the device can do: in a cache, on integers where f32 counts, or with too much work counted"
        )?;
    }
    Ok(())
}

fn columns(line: &Line) -> [String; 7] {
    let rate = match line.bound {
        Bound::Memory => format!("{:.2} GB/s", line.gb_per_s),
        Bound::Arithmetic => format!("{:.1} GFLOP/s", line.gflop_per_s),
    };
    let flag = if line.is_impossible() { "!" } else { " " };
    [
        line.kernel.to_owned(),
        line.variant.to_owned(),
        format!("{:.1}", line.microseconds),
        format!("{:.1}", line.lost_us.max(0.0)),
        rate,
        format!("{:.0} %{flag}", line.share * 100.0),
        line.case.clone(),
    ]
}

fn aligned([kernel, variant, time, lost, rate, share, case]: &[String; 7]) -> String {
    format!("{kernel:<22}{variant:<28}{time:>11}{lost:>11}{rate:>16}{share:>9}  {case}")
}

pub(crate) fn tables(out: &mut impl Write, json: bool, all: &[Access]) -> Result<()> {
    if json {
        for access in all {
            writeln!(out, "{}", serde_json::to_string(access)?)?;
        }
        return Ok(());
    }
    writeln!(
        out,
        "\n8 tables of 524,288 rows of 64 (1 GiB), 2,048 bags of 20 ids in each; a step is SGD's backward"
    )?;
    writeln!(
        out,
        "{:<14}{:<16}{:>11}{:>14}{:>8}{:>18}",
        "kernel", "ids", "us", "", "share", "all kernels, us"
    )?;
    for access in all {
        let rate = format!("{:.2} GB/s", access.gb_per_s);
        let (us, share, together) = (access.microseconds, access.share * 100.0, access.together_us);
        writeln!(
            out,
            "{:<14}{:<16}{us:>11.1}{rate:>14}{share:>6.0} %{together:>18.1}",
            access.kernel, access.ids
        )?;
    }
    Ok(())
}
