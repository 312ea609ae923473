//! Every case against its CPU twin.

use std::io::Write;
use std::process::ExitCode;

use embag::parity::{Arithmetic, compare, run_case};
use embag::{Context, kernels};

use crate::{Args, Result, runs};

pub(crate) fn check(ctx: &Context, args: &Args, out: &mut impl Write) -> Result<ExitCode> {
    let twins = Context::cpu();
    let arithmetic = Arithmetic::of(ctx);
    let (mut passed, mut failed) = (0, 0);
    for kernel in kernels::ALL {
        let cases = (kernel.cases)();
        for run in runs(kernel, &cases).filter(|run| args.wants(ctx, run)) {
            let result = run_case(&twins, kernel, run.variant, run.case)
                .and_then(|twin| Ok((twin, run_case(ctx, kernel, run.variant, run.case)?)));
            let fault = match result {
                Err(error) => Some(error.to_string()),
                Ok((twin, got)) => {
                    compare(kernel, run.case, arithmetic, &twin, &got).map(|mismatch| mismatch.to_string())
                }
            };
            match fault {
                None => passed += 1,
                Some(fault) => {
                    failed += 1;
                    writeln!(out, "{run}: {fault}")?;
                }
            }
        }
    }
    writeln!(out, "{passed} cases agree with the CPU, {failed} do not")?;
    Ok(if failed == 0 && passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
