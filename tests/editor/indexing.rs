//! A language server that goes through a project: work, for as long as it takes.

use std::{fmt::Write, fs};

use super::*;

/// So many sources, each with types that have to be worked out.
const SOURCES: usize = 3000;

#[tokio::test]
async fn a_language_server_that_indexes_is_work_until_it_is_done() {
    let Some(mut ada) = Runs::begin().await else { return };
    let project = ada.inside.home.join("project");
    fs::create_dir_all(&project).unwrap();
    let mut main = String::new();
    for n in 0..SOURCES {
        let source = format!(
            "export interface T{n} {{ a: string; b: {{ [key: string]: T{n}[] }} }}\n\
             export type U{n} = {{ [K in keyof T{n}]: T{n}[K] extends string ? number : U{n}[] }};\n"
        );
        fs::write(project.join(format!("part{n}.ts")), source + &"// words\n".repeat(200)).unwrap();
        writeln!(
            main,
            "import {{ U{n} }} from './project/part{n}'; export const v{n}: U{n} = {{ a: 1, b: [] }};"
        )
        .unwrap();
    }
    fs::write(ada.inside.home.join("everything.ts"), main).unwrap();
    fs::write(ada.inside.home.join("tsconfig.json"), r#"{ "compilerOptions": { "strict": true } }"#).unwrap();
    ada.open().await;
    ada.rest(&["cpu"], ada.line().at).await;
    let before = ada.line().at;
    ada.open_file("everything.ts").await;
    eventually("the language server runs", || async { ada.runs("tsserver.js").then_some(()) }).await;
    ada.sees("cpu", before).await;
    // it stays, and has nothing more to do
    ada.rest(&["cpu"], ada.line().at).await;
    assert!(ada.runs("tsserver.js"), "{:?}", ada.inside.processes());
    ada.end().await;
}
