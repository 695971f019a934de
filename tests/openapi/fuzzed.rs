//! The API against its description, by a public fuzzer of such descriptions: it finds nothing.

use std::{path::PathBuf, process::Stdio};

use tokio::process::Command;

use crate::world::{Installation, break_machines, with_profiles};

/// Everything but this: a method that a route lacks never reaches us, as the platform answers it with 404.
const EXCLUDED: &str = "unsupported_method";

#[tokio::test]
async fn schemathesis_finds_nothing() {
    let Some(fuzzer) = std::env::var_os("DCAAS_FUZZER").map(PathBuf::from) else {
        eprintln!(
            "skipped: schemathesis is not here; `cargo xtask test` installs it where there is Python with pip"
        );
        return;
    };
    Installation::own(with_profiles(&["fuzza"]), |dcaas| async move {
        // no log to follow for minutes: nothing ever runs
        break_machines("fuzza", "max-reached").await;
        let ada = dcaas.member().await;
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("fuzzed");
        std::fs::create_dir_all(&folder).unwrap();
        let ended = Command::new(fuzzer.join("bin/schemathesis"))
            .arg("run")
            .arg(format!("{}/api/openapi", dcaas.functions))
            .args(["--url", &dcaas.functions, "--exclude-checks", EXCLUDED, "--continue-on-failure"])
            // the same requests each time
            .args(["--seed", "1", "--max-examples", "20", "--phases", "examples,coverage,fuzzing"])
            .arg("--header")
            .arg(format!("Authorization: Bearer {}", ada.token().await.0))
            .env("PYTHONPATH", &fuzzer)
            .current_dir(&folder)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .unwrap();
        let said = String::from_utf8_lossy(&ended.stdout);
        assert!(ended.status.success(), "{said}\n{}", String::from_utf8_lossy(&ended.stderr));
        assert!(said.contains(" generated, "), "it asked for nothing: {said}");
    })
    .await;
}
